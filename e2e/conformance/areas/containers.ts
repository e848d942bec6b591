import type { Container, ContainerState, Pod, SecurityContext } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances } from '../support/suite';

const terminated = (pod: Pod): NonNullable<ContainerState['terminated']> => {
  const state = pod.status?.containerStatuses?.[0]?.state?.terminated;
  if (!state) throw new Error(`the container has not ended: ${JSON.stringify(pod.status)}`);
  return state;
};

const MESSAGE =
  '[k8s.io] Container Runtime blackbox test on terminated container should report termination message';

interface MessageCase {
  readonly script: string;
  readonly container: Partial<Container>;
  readonly message: string | undefined;
}

function terminationMessages(): void {
  const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' };
  conformances<MessageCase>(
    {
      [`${MESSAGE} [LinuxOnly] as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]`]:
        { script: 'echo said', container: fallback, message: undefined },
      [`${MESSAGE} [LinuxOnly] from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]`]:
        { script: 'printf OK > /dev/termination-log; echo said', container: fallback, message: 'OK' },
      [`${MESSAGE} [LinuxOnly] from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]`]:
        { script: 'printf DONE; exit 1', container: fallback, message: 'DONE' },
      [`${MESSAGE} [LinuxOnly] if TerminationMessagePath is set as non-root user and at a non-default path [NodeConformance] [Conformance]`]:
        {
          script: 'printf DONE > /dev/termination-custom-log',
          container: {
            terminationMessagePath: '/dev/termination-custom-log',
            securityContext: { runAsUser: 1000 },
          },
          message: 'DONE',
        },
    },
    async ({ space, pods }, { script, container, message }) => {
      const { pod } = await space.run(pods.once('ending', script, { container }));
      expect(terminated(pod).message).toBe(message);
    },
  );
}

interface RestartCase {
  readonly policy: 'Always' | 'OnFailure' | 'Never';
  /** Of the first run and of the second. */
  readonly codes: [number, number | 'stay'];
  readonly phase: string;
  readonly restarts: number;
}

function endings(): void {
  const cases: RestartCase[] = [
    { policy: 'Always', codes: [0, 'stay'], phase: 'Running', restarts: 1 },
    { policy: 'OnFailure', codes: [1, 0], phase: 'Succeeded', restarts: 1 },
    { policy: 'Never', codes: [1, 0], phase: 'Failed', restarts: 0 },
  ];
  conformance(
    '[k8s.io] Container Runtime blackbox test when starting a container that exits should run with the expected status [NodeConformance] [Conformance]',
    async ({ space, pods }) => {
      await Promise.all(
        cases.map(async ({ policy, codes: [first, second], phase, restarts }) => {
          const name = policy.toLowerCase();
          const then = second === 'stay' ? 'exec sleep 1000000' : `exit ${second}`;
          const script = `[ -e /data/ran ] && ${then}; touch /data/ran; exit ${first}`;
          const made = pods.pod(name, script, {
            container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
            volumes: [{ name: 'data', emptyDir: {} }],
            spec: { restartPolicy: policy },
          });
          await space.create('pods', made);
          const { status } = await space.until('pods', name, (pod) => {
            const [container] = pod.status?.containerStatuses ?? [];
            return pod.status?.phase === phase && container?.restartCount === restarts;
          });
          const [container] = status?.containerStatuses ?? [];
          expect(container?.ready).toBe(phase === 'Running');
          if (phase !== 'Running')
            expect(container?.state?.terminated?.exitCode).toBe(restarts ? second : first);
          else expect(container?.lastState?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
        }),
      );
    },
  );
}

const IMAGE = "[k8s.io] Docker Containers should be able to override the image's default";

interface CommandCase {
  readonly own: Pick<Container, 'command' | 'args'>;
  readonly said: string;
}

function commands(): void {
  conformances<CommandCase>(
    {
      '[k8s.io] Docker Containers should use the image defaults if command and args are blank [NodeConformance] [Conformance]':
        { own: {}, said: '/bin/say image default arguments' },
      [`${IMAGE} arguments (docker cmd) [NodeConformance] [Conformance]`]: {
        own: { args: ['override', 'arguments'] },
        said: '/bin/say override arguments',
      },
      [`${IMAGE} command (docker entrypoint) [NodeConformance] [Conformance]`]: {
        own: { command: ['/bin/say-more'] },
        said: '/bin/say-more ',
      },
      [`${IMAGE} command and arguments [NodeConformance] [Conformance]`]: {
        own: { command: ['/bin/say-more'], args: ['override', 'arguments'] },
        said: '/bin/say-more override arguments',
      },
    },
    async ({ space, pods, cluster }, { own, said }) => {
      const main = { name: 'main', image: cluster.images.talker, imagePullPolicy: 'Never', ...own };
      const { log } = await space.run(pods.once('talker', '', { spec: { containers: [main] } }));
      expect(log).toBe(`${said}\n`);
    },
  );
}

const SECURITY = '[k8s.io] Security Context When creating';

interface SecurityCase {
  readonly context: SecurityContext;
  readonly script: string;
  readonly said: string | RegExp;
  readonly image?: 'server';
}

function securityContexts(): void {
  conformances<SecurityCase>(
    {
      [`${SECURITY} a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance] [Conformance]`]:
        { context: { runAsUser: 65534 }, script: 'id -u', said: '65534\n' },
      [`${SECURITY} a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance] [Conformance]`]:
        {
          context: { privileged: false },
          script: 'ip link add dummy0 type dummy 2>&1 || echo refused',
          said: /not permitted[\s\S]*refused/,
        },
      [`${SECURITY} a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance] [Conformance]`]:
        {
          context: { readOnlyRootFilesystem: false },
          script: 'echo written > /file; cat /file',
          said: 'written\n',
        },
      '[k8s.io] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance] [Conformance]':
        {
          context: { allowPrivilegeEscalation: false, runAsUser: 1000 },
          // The program belongs to root and has its set-user-id bit.
          script: 'ls -l /bin/node; node -p "process.geteuid()"',
          said: /^-rws[^\n]+\n1000\n$/,
          image: 'server',
        },
      '[k8s.io] Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance] [Conformance]':
        {
          context: { readOnlyRootFilesystem: true },
          script: 'echo test > /file; cat /file',
          said: /Read-only file system/,
        },
    },
    async ({ space, pods, cluster }, { context, script, said, image }) => {
      const container = { securityContext: context, image: cluster.images[image ?? 'busybox'] };
      const { log } = await space.run(pods.once('secured', `exec 2>&1; ${script}`, { container }));
      if (typeof said === 'string') expect(log).toBe(said);
      else expect(log).toMatch(said);
    },
  );
}

const BUSYBOX = '[k8s.io] Kubelet when scheduling a busybox';

function programs(): void {
  conformance(
    `${BUSYBOX} command in a pod should print the output to logs [NodeConformance] [Conformance]`,
    async ({ space, pods }) => {
      const { log } = await space.run(pods.once('talking', 'echo Hello World'));
      expect(log).toBe('Hello World\n');
    },
  );

  conformance(
    `${BUSYBOX} command that always fails in a pod should have an terminated reason [NodeConformance] [Conformance]`,
    async ({ space, pods }) => {
      await space.create('pods', pods.pod('failing', 'false'));
      // It may be waiting for its next start by now.
      const seen = await space.until('pods', 'failing', ({ status }) => {
        const [container] = status?.containerStatuses ?? [];
        return container?.state?.terminated ?? container?.lastState?.terminated;
      });
      const [container] = seen.status?.containerStatuses ?? [];
      const end = container?.state?.terminated ?? container?.lastState?.terminated;
      expect(end).toMatchObject({ reason: 'Error', exitCode: 1 });
    },
  );

  conformance(
    `${BUSYBOX} command that always fails in a pod should be possible to delete [NodeConformance] [Conformance]`,
    async ({ space, pods }) => {
      await space.create(
        'pods',
        pods.pod('failing', 'false', { spec: { terminationGracePeriodSeconds: 5 } }),
      );
      await space.until('pods', 'failing', ({ status }) => status?.containerStatuses?.[0]?.restartCount);
      await space.remove('pods', 'failing');
      await space.untilGone('pods', 'failing');
    },
  );

  conformance(
    `${BUSYBOX} Pod with hostAliases should write entries to /etc/hosts [LinuxOnly] [NodeConformance] [Conformance]`,
    async ({ space, pods }) => {
      const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
      const { log } = await space.run(pods.once('aliased', 'cat /etc/hosts', { spec: { hostAliases } }));
      expect(log).toMatch(/^123\.45\.67\.89\s+foo\s+bar$/m);
    },
  );

  conformance(
    '[k8s.io] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file [LinuxOnly] [NodeConformance] [Conformance]',
    async ({ space, pods }) => {
      const MANAGED = '# Kubernetes-managed hosts file.';
      const idle = 'exec sleep 1000000';
      const own = { name: 'own', volumeMounts: [{ name: 'hosts', mountPath: '/etc/hosts' }] };
      await Promise.all([
        space.start(
          pods.idle('guest', {
            volumes: [{ name: 'hosts', hostPath: { path: '/etc/hosts', type: 'File' } }],
            spec: {
              containers: [
                pods.container(idle),
                pods.container(idle, { name: 'second' }),
                pods.container(idle, own),
              ],
            },
          }),
        ),
        space.start(pods.idle('host', { spec: { hostNetwork: true } })),
      ]);
      const hosts = (pod: string, container: string) => space.exec(pod, 'cat /etc/hosts', container);
      const managed = await hosts('guest', 'main');
      expect(managed).toContain(MANAGED);
      expect(managed).toContain((await space.get('pods', 'guest')).status?.podIP);
      expect(await hosts('guest', 'second')).toBe(managed);
      // What a container mounts itself stays, and so does the host's own on its network.
      expect(await hosts('guest', 'own')).not.toContain(MANAGED);
      expect(await hosts('host', 'main')).not.toContain(MANAGED);
      await settled(async () => expect(await hosts('host', 'main')).toContain('localhost'));
    },
  );
}

/** How containers run and end. */
export function containers(): void {
  endings();
  terminationMessages();
  commands();
  securityContexts();
  programs();
}
