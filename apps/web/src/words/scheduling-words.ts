/**
 * The scheduler's message, `0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint {x: }.`,
 * as people say it: `Of 4 nodes, 1 is short of CPU, 3 have a taint that it does not tolerate.`
 */
export function schedulingInWords(message: string): string {
  const match = /^0\/(\d+) nodes are available: (.*?)\.?(?: preemption:.*)?$/s.exec(message);
  if (!match) return message;
  const total = Number(match[1]);
  const parts = (match[2] ?? '').split(/, (?=\d+ )/).map(reasonInWords);
  return `Of ${total} ${total === 1 ? 'node' : 'nodes'}, ${parts.join(', ')}.`;
}

const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [/^Insufficient cpu$/, 'is short of CPU', 'are short of CPU'],
  [/^Insufficient memory$/, 'is short of memory', 'are short of memory'],
  [/^Insufficient (.+)$/, 'is short of $1', 'are short of $1'],
  [/^Too many pods$/, 'holds as many pods as it may', 'hold as many pods as they may'],
  [/untolerated taint/, 'has a taint that it does not tolerate', 'have a taint that it does not tolerate'],
  [/volume node affinity/, 'is not where its volume lies', 'are not where its volume lies'],
  [/unbound immediate/, 'waits for its claim to be bound', 'wait for its claim to be bound'],
  [/existing pods anti-affinity/, 'has a pod that keeps it away', 'have a pod that keeps it away'],
  [/anti-affinity/, 'has a pod that it keeps away from', 'have a pod that it keeps away from'],
  [/pod affinity/, 'lacks the pod that it wants to be near', 'lack the pod that it wants to be near'],
  [/topology spread/, 'has its share of these pods already', 'have their share of these pods already'],
  [/node affinity|selector/, 'does not carry the labels it asks for', 'do not carry the labels it asks for'],
  [/unschedulable/, 'is cordoned', 'are cordoned'],
  [/free ports/, 'has its port taken', 'have its port taken'],
];

function reasonInWords(part: string): string {
  const [, count = '', reason = ''] = /^(\d+) (.*)$/s.exec(part) ?? [];
  for (const [pattern, one, many] of REASONS) {
    const match = pattern.exec(reason);
    if (match) return `${count} ${(count === '1' ? one : many).replace('$1', match[1] ?? '')}`;
  }
  return part;
}
