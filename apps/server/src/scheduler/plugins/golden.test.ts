import { readFileSync, writeFileSync } from 'node:fs';
import type { Service } from 'kubernetes-types/core/v1';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { scoreNodes } from '../core/score';
import { allRefusals, Framework } from '../framework/framework';
import { idleHandle } from '../framework/idle-handle';
import { podInfo } from '../snapshot/pod-info';
import { Snapshot } from '../snapshot/snapshot';
import { type NodeParts, type PodParts, testNode, testPod } from '../testing/objects';
import { defaultPlugins } from './default-profile';

/**
 * Golden pairs: what each plugin says about each node. After a change that is meant, run with UPDATE_GOLDEN=1 and
 * read the difference.
 */
interface Case {
  readonly name: string;
  readonly nodes: readonly (NodeParts & { runs?: PodParts[]; images?: Record<string, number> })[];
  readonly services?: readonly Service[];
  /** The plugin's, as in a configuration. */
  readonly args?: unknown;
  readonly pod: PodParts;
}

function prepare({ name, nodes, services = [], pod, args }: Case) {
  const snapshot = new Snapshot();
  for (const { runs = [], images = {}, ...parts } of nodes) {
    const node = testNode(parts);
    if (node.status) {
      node.status.images = Object.entries(images).map(([image, sizeBytes]) => ({
        names: [image],
        sizeBytes,
      }));
    }
    snapshot.setNode(node);
    for (const running of runs) snapshot.addPod(podInfo(testPod(running)), parts.name);
  }
  const handle = idleHandle({ servicesIn: () => services, namespacesMatching: () => ['team-a'] });
  const plugins = defaultPlugins(handle, new Map([[name, args]])).filter(
    ({ plugin }) => plugin.name === name,
  );
  const framework = new Framework({ schedulerName: 'test', plugins });
  return { snapshot, framework, cycle: { pod: podInfo(testPod(pod)), snapshot } };
}

function filterAnswers(input: Case) {
  const { framework, cycle, snapshot } = prepare(input);
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return { all: prepared.rejection.reasons };
  const answers = snapshot.nodes.map((node) => {
    const refusals = allRefusals(cycle, node, prepared.filters);
    if (refusals.length === 0) return [node.name, 'fits'];
    const reasons = refusals.flatMap(({ rejection }) => rejection.reasons);
    const shortfalls = refusals.flatMap(({ plugin, state }) => plugin.shortfalls?.(cycle, node, state) ?? []);
    return [node.name, { reasons, shortfalls }];
  });
  const only = prepared.onlyNodes ? { onlyNodes: [...prepared.onlyNodes.names] } : {};
  return { ...Object.fromEntries(answers), ...only };
}

function scoreAnswers(input: Case) {
  const { framework, cycle, snapshot } = prepare(input);
  const { perPlugin } = scoreNodes(cycle, snapshot.nodes, framework.prepareScores(cycle, snapshot.nodes));
  const scores = perPlugin.find(({ plugin }) => plugin === input.name)?.scores;
  return Object.fromEntries(snapshot.nodes.map((node, i) => [node.name, scores?.[i] ?? 'not scored']));
}

describe.each([
  ['filters', filterAnswers],
  ['scores', scoreAnswers],
] as const)('%s', (file, answer) => {
  const url = (kind: string) => new URL(`./golden/${file}.${kind}.yaml`, import.meta.url);
  const cases = parse(readFileSync(url('input'), 'utf8')) as Case[]; // the file's shape, written for this test
  const answers = cases.map((input) => ({ name: input.name, answer: answer(input) }));
  if (process.env.UPDATE_GOLDEN) writeFileSync(url('output'), stringify(answers, { lineWidth: 120 }));
  const golden = parse(readFileSync(url('output'), 'utf8'));

  test.each(cases.map(({ name }, index) => [`${index} ${name}`, index] as const))('%s', (_title, index) => {
    expect(JSON.parse(JSON.stringify(answers[index]))).toEqual(golden[index]);
  });

  test('has an answer for every case and no other', () => {
    expect(golden).toHaveLength(cases.length);
  });
});
