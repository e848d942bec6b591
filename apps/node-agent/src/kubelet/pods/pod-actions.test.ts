import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { Container, Pod, PodSpec } from 'kubernetes-types/core/v1';
import { describe, expect, test } from 'vitest';
import { byAttemptDescending, type ContainerStatus, type SandboxStatus } from '../../runtime/runtime';
import { computePodActions, type PodPlan } from './pod-actions';
import type { PodView } from './pod-view';
import { type Backoff, nextBackoff } from './restart-backoff';

const NOW = Date.UTC(2026, 0, 1);
const identity = { namespace: 'default', name: 'web', uid: 'u1' };

function makePod(
  spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>,
  status: Pod['status'] = {},
): Stored<Pod> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...identity, resourceVersion: '1' },
    spec: { restartPolicy: 'Always', ...spec },
    status,
  };
}

const sandbox = (attempt = 0, ready = true): SandboxStatus => ({
  id: `sandbox-${attempt}`,
  pod: identity,
  attempt,
  ready,
  createdAt: new Date(NOW - 60_000).toISOString(),
  address: '10.0.0.2',
});

const run = (name: string, over: Partial<ContainerStatus> = {}): ContainerStatus => ({
  id: `${name}-${over.attempt ?? 0}`,
  name,
  attempt: 0,
  sandboxId: 'sandbox-0',
  image: 'x:1',
  imageId: 'sha256:1',
  state: 'running',
  createdAt: new Date(NOW - 50_000).toISOString(),
  startedAt: new Date(NOW - 50_000).toISOString(),
  finishedAt: over.state === 'exited' ? new Date(NOW).toISOString() : undefined,
  exitCode: over.state === 'exited' ? 0 : undefined,
  oomKilled: false,
  message: undefined,
  ...over,
});

function view(
  pod: Stored<Pod>,
  sandboxes: SandboxStatus[],
  containers: ContainerStatus[],
  over: Partial<PodView> = {},
): PodView {
  return {
    pod,
    observed: { pod: identity, sandboxes, containers: [...containers].sort(byAttemptDescending) },
    health: new Map(),
    backoffs: new Map(),
    waiting: new Map(),
    startTime: new Date(NOW).toISOString(),
    ...over,
  };
}

const started = (plan: PodPlan) => plan.start.map(({ spec, attempt }) => `${spec.name}#${attempt}`);
const twoContainers = { containers: [{ name: 'a' }, { name: 'b' }] };

describe('what to do about a pod', () => {
  test('nothing there yet: a sandbox, then every container', () => {
    const plan = computePodActions(view(makePod(twoContainers), [], []), NOW);
    expect(plan.createSandbox).toEqual({ attempt: 0 });
    expect(started(plan)).toEqual(['a#0', 'b#0']);
  });

  test('all runs: nothing', () => {
    const plan = computePodActions(view(makePod(twoContainers), [sandbox()], [run('a'), run('b')]), NOW);
    expect(plan).toMatchObject({
      kill: [],
      start: [],
      createSandbox: undefined,
      removeSandboxes: [],
      removeContainers: [],
    });
  });

  test('a sandbox that died: its containers are killed and all begins again, one attempt on', () => {
    const plan = computePodActions(
      view(makePod(twoContainers), [sandbox(0, false)], [run('a'), run('b')]),
      NOW,
    );
    expect(plan.kill.map(({ container }) => container.name)).toEqual(['a', 'b']);
    expect(plan.removeSandboxes).toHaveLength(1);
    expect(plan.createSandbox).toEqual({ attempt: 1 });
    expect(started(plan)).toEqual(['a#1', 'b#1']);
  });

  test.each([
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 0, false],
    ['Never', 1, false],
  ])('restart policy %s after exit code %i: restarts %s', (restartPolicy, exitCode, restarts) => {
    const pod = makePod({ containers: [{ name: 'a' }], restartPolicy });
    const plan = computePodActions(view(pod, [sandbox()], [run('a', { state: 'exited', exitCode })]), NOW);
    expect(started(plan)).toEqual(restarts ? ['a#1'] : []);
  });

  test.each(['Always', 'Never'])(
    'another image with restart policy %s: the container starts anew',
    (policy) => {
      const containers = [
        { name: 'a', image: 'x:2' },
        { name: 'b', image: 'x:1' },
      ];
      const pod = makePod({ containers, restartPolicy: policy });
      const plan = computePodActions(view(pod, [sandbox()], [run('a'), run('b')]), NOW);
      expect(plan.kill.map(({ container, message }) => [container.name, message])).toEqual([
        ['a', 'Container a definition changed, will be restarted'],
      ]);
      expect(started(plan)).toEqual(['a#1']);
    },
  );

  test('back-off holds a container back and says until when', () => {
    const pod = makePod({ containers: [{ name: 'a' }] });
    const backoffs = new Map([['a', { delayMs: 20_000, updatedAt: NOW - 5_000 }]]);
    const ended = run('a', { state: 'exited', exitCode: 1, finishedAt: new Date(NOW - 4_000).toISOString() });
    const plan = computePodActions(view(pod, [sandbox()], [ended], { backoffs }), NOW);
    expect(plan.start).toEqual([]);
    expect(plan.requeueAfterMs).toBe(16_000);
    expect(plan.waiting.get('a')).toEqual({
      reason: 'CrashLoopBackOff',
      message: 'back-off 20s restarting failed container=a pod=web_default(u1)',
    });
    expect(started(computePodActions(view(pod, [sandbox()], [ended], { backoffs }), NOW + 16_000))).toEqual([
      'a#1',
    ]);
  });

  test('init containers one by one; the others wait for the last', () => {
    const pod = makePod({ initContainers: [{ name: 'i1' }, { name: 'i2' }], containers: [{ name: 'a' }] });
    const done = (name: string) => run(name, { state: 'exited', exitCode: 0 });
    expect(started(computePodActions(view(pod, [], []), NOW))).toEqual(['i1#0']);
    expect(started(computePodActions(view(pod, [sandbox()], [run('i1')]), NOW))).toEqual([]);
    expect(started(computePodActions(view(pod, [sandbox()], [done('i1')]), NOW))).toEqual(['i2#0']);
    expect(started(computePodActions(view(pod, [sandbox()], [done('i1'), done('i2')]), NOW))).toEqual([
      'a#0',
    ]);
  });

  test('a failed init container: tried again, but not with Never', () => {
    const failed = run('i1', { state: 'exited', exitCode: 1 });
    const spec = { initContainers: [{ name: 'i1' }], containers: [{ name: 'a' }] };
    expect(started(computePodActions(view(makePod(spec), [sandbox()], [failed]), NOW))).toEqual(['i1#1']);
    const never = makePod({ ...spec, restartPolicy: 'Never' });
    expect(started(computePodActions(view(never, [sandbox()], [failed]), NOW))).toEqual([]);
  });

  test('a sidecar starts before the main container, and is restarted beside it', () => {
    const pod = makePod({
      initContainers: [{ name: 's', restartPolicy: 'Always' }],
      containers: [{ name: 'a' }],
    });
    const health = new Map([['s-0', { started: true, ready: true }]]);
    expect(started(computePodActions(view(pod, [sandbox()], []), NOW))).toEqual(['s#0']);
    expect(started(computePodActions(view(pod, [sandbox()], [run('s')], { health }), NOW))).toEqual(['a#0']);
    const ended = [run('s', { state: 'exited', exitCode: 1 }), run('a')];
    expect(started(computePodActions(view(pod, [sandbox()], ended), NOW))).toEqual(['s#1']);
  });

  test('a failed liveness probe kills the run, nothing else', () => {
    const health = new Map([
      ['a-0', { started: true, ready: true, failed: { probe: 'liveness' as const, message: '' } }],
    ]);
    const plan = computePodActions(
      view(makePod(twoContainers), [sandbox()], [run('a'), run('b')], { health }),
      NOW,
    );
    expect(plan.kill).toMatchObject([
      { container: { id: 'a-0' }, message: 'Container a failed liveness probe, will be restarted' },
    ]);
    expect(plan.start).toEqual([]);
  });

  test('a pod that has ended keeps nothing running and gives its sandbox back', () => {
    const pod = makePod(twoContainers, { phase: 'Failed' });
    const plan = computePodActions(view(pod, [sandbox()], [run('a')]), NOW);
    expect(plan.kill).toHaveLength(1);
    expect(plan.removeSandboxes).toHaveLength(1);
    expect(plan.start).toEqual([]);
  });

  test('the count of restarts goes on from the API when the runtime has forgotten', () => {
    const status = {
      containerStatuses: [
        { name: 'a', restartCount: 4, containerID: 'docker://x', image: '', imageID: '', ready: true },
      ],
    };
    const plan = computePodActions(
      view(makePod({ containers: [{ name: 'a' }] }, status), [sandbox()], []),
      NOW,
    );
    expect(started(plan)).toEqual(['a#5']);
  });

  test('a run that was made but never started is taken on; runs beyond the last two are cleared away', () => {
    const created = view(
      makePod({ containers: [{ name: 'a' }] }),
      [sandbox()],
      [run('a', { state: 'created' })],
    );
    expect(started(computePodActions(created, NOW))).toEqual(['a#0']);
    const many = [0, 1, 2, 3].map((attempt) =>
      run('a', { attempt, state: attempt === 3 ? 'running' : 'exited' }),
    );
    const plan = computePodActions(view(makePod({ containers: [{ name: 'a' }] }), [sandbox()], many), NOW);
    expect(plan.removeContainers.map(({ attempt }) => attempt)).toEqual([1, 0]);
  });
});

/** Carries plans out on a model of a runtime, in which containers may have ended in any way. */
class Model {
  now = NOW;
  sandboxes: SandboxStatus[];
  containers: ContainerStatus[];
  readonly backoffs = new Map<string, Backoff>();
  constructor(sandboxes: SandboxStatus[], containers: ContainerStatus[]) {
    this.sandboxes = sandboxes;
    this.containers = containers;
  }
  apply(plan: PodPlan, exitOf: (name: string) => number | undefined): void {
    for (const { container } of plan.kill) this.#end(container.id, 137);
    this.sandboxes = this.sandboxes.filter(({ id }) => !plan.removeSandboxes.some((gone) => gone.id === id));
    if (plan.createSandbox) this.sandboxes.unshift(sandbox(plan.createSandbox.attempt));
    const [current] = this.sandboxes;
    for (const { spec, attempt, previous } of plan.start) {
      expect(current?.ready).toBe(true);
      expect(this.containers.some(({ name, state }) => name === spec.name && state === 'running')).toBe(
        false,
      );
      if (previous?.finishedAt) {
        this.backoffs.set(
          spec.name,
          nextBackoff(this.backoffs.get(spec.name), Date.parse(previous.finishedAt), this.now),
        );
      }
      this.containers = this.containers.filter(({ id }) => id !== `${spec.name}-${attempt}`);
      this.containers.push(run(spec.name, { attempt, sandboxId: current?.id ?? '' }));
      const code = exitOf(spec.name);
      if (code !== undefined) this.#end(`${spec.name}-${attempt}`, code);
    }
    this.containers = this.containers.filter(
      ({ id }) => !plan.removeContainers.some((gone) => gone.id === id),
    );
  }
  #end(id: string, exitCode: number): void {
    const finishedAt = new Date(this.now).toISOString();
    this.containers = this.containers.map((entry) =>
      entry.id === id ? { ...entry, state: 'exited', exitCode, finishedAt } : entry,
    );
  }
}

test('from any state that a runtime can show, plans lead to rest, and at rest everything wanted runs', () => {
  const names = ['i1', 'i2', 'a', 'b'];
  const arbitraryRun = fc.record({
    name: fc.constantFrom(...names),
    attempt: fc.integer({ min: 0, max: 2 }),
    sandboxId: fc.constantFrom('sandbox-0', 'sandbox-1'),
    state: fc.constantFrom('created' as const, 'running' as const, 'exited' as const),
    exitCode: fc.constantFrom(0, 1, 137),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(arbitraryRun, { maxLength: 8, selector: ({ name, attempt }) => `${name}-${attempt}` }),
      fc.option(fc.boolean()),
      fc.constantFrom('Always', 'OnFailure'),
      (runs, ready, restartPolicy) => {
        const inits: Container[] = [{ name: 'i1' }, { name: 'i2' }];
        const pod = makePod({
          initContainers: inits,
          containers: [{ name: 'a' }, { name: 'b' }],
          restartPolicy,
        });
        // Only the newest run of a container can be running.
        const containers = runs.map((entry) => {
          const newest = runs.every((other) => other.name !== entry.name || other.attempt <= entry.attempt);
          const state = newest ? entry.state : 'exited';
          return run(entry.name, {
            ...entry,
            state,
            exitCode: state === 'exited' ? entry.exitCode : undefined,
          });
        });
        const model = new Model(ready === null ? [] : [sandbox(1, ready)], containers);
        for (let round = 0; round < 40; round += 1) {
          const plan = computePodActions(
            view(pod, model.sandboxes, model.containers, { backoffs: model.backoffs }),
            model.now,
          );
          // Init containers end well at once, main containers stay.
          model.apply(plan, (name) => (name.startsWith('i') ? 0 : undefined));
          model.now += plan.requeueAfterMs ?? 0;
          const idle =
            !plan.kill.length &&
            !plan.start.length &&
            !plan.createSandbox &&
            plan.requeueAfterMs === undefined;
          if (idle && !plan.removeSandboxes.length && !plan.removeContainers.length) {
            // An init container that was found running ends some day.
            const pendingInit = model.containers.find(
              ({ name, state }) => name.startsWith('i') && state === 'running',
            );
            const mains = ['a', 'b'].map(
              (name) => model.containers.filter((entry) => entry.name === name).sort(byAttemptDescending)[0],
            );
            if (mains.every((entry) => entry?.state === 'running')) return;
            if (
              restartPolicy === 'OnFailure' &&
              mains.every((entry) => entry?.state === 'running' || entry?.exitCode === 0)
            )
              return;
            expect(pendingInit).toBeDefined();
            model.containers = model.containers.map((entry) =>
              entry === pendingInit
                ? { ...entry, state: 'exited', exitCode: 0, finishedAt: new Date(model.now).toISOString() }
                : entry,
            );
          }
        }
        throw new Error('the plans never came to rest');
      },
    ),
    { numRuns: 500 },
  );
});
