import * as packet from 'dns-packet';
import { type ClusterView, lookUp, type ZoneRecord } from './cluster-zone';
import { encodeRecord, recordsOfType } from './records';
import type { Upstream } from './upstream';

/** An alias that leads further than this leads in a circle. */
const MAX_STEPS = 8;

interface Sources {
  readonly view: ClusterView;
  readonly domain: string;
  readonly upstream: Upstream;
}

/**
 * The answers behind an alias among `records`: programs ask for an address and follow no alias themselves. Empty for
 * those who ask for the alias, and when nobody knows where it leads.
 */
export async function followAlias(
  records: readonly ZoneRecord[],
  type: packet.RecordType,
  sources: Sources,
): Promise<packet.Answer[]> {
  const answers: packet.Answer[] = [];
  let target = aliasOf(records, type);
  for (let step = 0; target !== undefined && step < MAX_STEPS; step++) {
    const name: string = target;
    const result = lookUp(name.toLowerCase(), sources.domain, sources.view);
    if (result.kind === 'elsewhere')
      return [...answers, ...(await askUpstream(name, type, sources.upstream))];
    if (result.kind === 'no-such-name') return answers;
    const found = recordsOfType(result.records, type);
    answers.push(...found.map((record) => encodeRecord(record, name)));
    target = aliasOf(found, type);
  }
  return answers;
}

function aliasOf(records: readonly ZoneRecord[], type: string): string | undefined {
  if (type === 'CNAME' || type === 'ANY') return undefined;
  const alias = records.find((record) => record.type === 'CNAME');
  return alias?.type === 'CNAME' ? alias.target : undefined;
}

async function askUpstream(
  name: string,
  type: packet.RecordType,
  upstream: Upstream,
): Promise<packet.Answer[]> {
  const query = packet.encode({
    type: 'query',
    id: 1 + Math.floor(Math.random() * 65_534),
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name }],
  });
  try {
    return packet.decode(await upstream(query)).answers ?? [];
  } catch {
    // The alias itself is known, and told without what is behind it.
    return [];
  }
}
