'use client';
import { useCallback, useEffect, useState } from 'react';
import { callApi, inWords } from '../api/call-api';
import { useConnection } from '../fleet/connection';
import { byPerson, type Entry, isReport, readEntry, record } from './entry';

export interface HistoryFilter {
  readonly resource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly verb?: string | undefined;
  /** `system` leaves out what the cluster did by itself, `reports` what it merely observed. */
  readonly without?: 'system' | 'reports' | undefined;
}

export interface History {
  readonly entries: readonly Entry[] | undefined;
  readonly error: string | undefined;
  readonly more: (() => void) | undefined;
}

const PAGE = 100;
/** What people did may lie far apart among what the cluster did: so many pages are looked through for it. */
const PAGES = 6;
const ENOUGH = 25;
const REFRESH_MS = 2_500;

/** Newest first; read again while it is looked at and the cluster changes. Older pages come when asked for. */
export function useHistory(filter: HistoryFilter): History {
  const [newest, setNewest] = useState<readonly Entry[]>();
  const [older, setOlder] = useState<{
    readonly entries: readonly Entry[];
    readonly next: string | undefined;
  }>();
  const [next, setNext] = useState<string>();
  const [error, setError] = useState<string>();
  const query = queryOf(filter);
  const { without } = filter;

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let revision: number | undefined;
    setOlder(undefined);
    const read = async () => {
      // Nothing changed, nothing to read.
      const now = useConnection.getState().revision;
      if (revision === undefined || now !== revision) {
        try {
          const page = await readPages({ query, without, signal: abort.signal });
          revision = now;
          setNewest(page.entries);
          setNext(page.next);
          setError(undefined);
        } catch (failure) {
          if (abort.signal.aborted) return;
          setError(inWords(failure));
        }
      }
      timer = setTimeout(() => void read(), REFRESH_MS);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [query, without]);

  const from = older ? older.next : next;
  const more = useCallback(async () => {
    try {
      const page = await readPages({ query, without, from });
      setOlder((before) => ({ entries: [...(before?.entries ?? []), ...page.entries], next: page.next }));
    } catch (failure) {
      setError(inWords(failure));
    }
  }, [query, without, from]);

  return { entries: merged(newest, older?.entries), error, more: from ? () => void more() : undefined };
}

/** New entries push older ones over the edge between the pages: each is shown once. */
function merged(
  newest: readonly Entry[] | undefined,
  older: readonly Entry[] | undefined,
): readonly Entry[] | undefined {
  if (!newest || !older) return newest;
  const seen = new Set(newest.map(({ id }) => id));
  return [...newest, ...older.filter(({ id }) => !seen.has(id))];
}

interface Reading {
  readonly query: string;
  readonly without: HistoryFilter['without'];
  readonly from?: string | undefined;
  readonly signal?: AbortSignal;
}

async function readPages({ query, without, from, signal }: Reading) {
  const entries: Entry[] = [];
  let next = from;
  for (let page = 0; page < PAGES; page += 1) {
    const token: string = next ? `&continue=${encodeURIComponent(next)}` : '';
    const path = `/apis/audit.wheelhouse.dev/v1/entries?limit=${PAGE}${query}${token}`;
    const answer = record(await callApi(path, signal ? { signal } : {}));
    const read = (Array.isArray(answer.items) ? answer.items : []).map(readEntry);
    entries.push(...read.filter((entry) => isWanted(entry, without)));
    const { continue: following } = record(answer.metadata);
    next = typeof following === 'string' && following ? following : undefined;
    if (!next || !without || entries.length >= ENOUGH) break;
  }
  return { entries, next };
}

function isWanted(entry: Entry, without: HistoryFilter['without']): boolean {
  if (without === 'system') return byPerson(entry);
  return without === undefined || !isReport(entry);
}

function queryOf({ without: _, ...filter }: HistoryFilter): string {
  return Object.entries(filter)
    .filter(([, value]) => value)
    .map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`)
    .join('');
}
