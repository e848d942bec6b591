import type * as packet from 'dns-packet';
import type { ZoneRecord } from './cluster-zone';

/** Seconds for which clients may remember an answer: short, because services come and go. */
export const TTL = 5;

/** What answers a question: an alias answers every type. */
export const recordsOfType = (records: readonly ZoneRecord[], type: string): ZoneRecord[] =>
  records.filter((record) => record.type === type || type === 'ANY' || record.type === 'CNAME');

/** `name` as the client wrote it. */
export function encodeRecord(record: ZoneRecord, name: string): packet.Answer {
  const common = { name, ttl: TTL };
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { ...common, type: record.type, data: record.address };
    case 'CNAME':
    case 'PTR':
      return { ...common, type: record.type, data: record.target };
    case 'SRV':
      return {
        ...common,
        type: 'SRV',
        data: { priority: 0, weight: 100, port: record.port, target: record.target },
      };
    case 'TXT':
      return { ...common, type: 'TXT', data: record.text };
  }
}
