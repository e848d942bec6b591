'use client';
import { useCallback, useEffect, useState } from 'react';
import { callApi, inWords } from '../api/call-api';
import { useConnection } from '../fleet/connection';
import { type Entry, readEntry, record } from './entry';

export interface HistoryFilter {
  readonly resource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly verb?: string | undefined;
}

export interface History {
  readonly entries: readonly Entry[] | undefined;
  readonly error: string | undefined;
  readonly more: (() => void) | undefined;
}

const PAGE = 50;
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
          const page = await readPage(query, undefined, abort.signal);
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
  }, [query]);

  const from = older ? older.next : next;
  const more = useCallback(async () => {
    try {
      const page = await readPage(query, from);
      setOlder((before) => ({ entries: [...(before?.entries ?? []), ...page.entries], next: page.next }));
    } catch (failure) {
      setError(inWords(failure));
    }
  }, [query, from]);

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

async function readPage(query: string, from: string | undefined, signal?: AbortSignal) {
  const path = `/apis/audit.wheelhouse.dev/v1/entries?limit=${PAGE}${query}${from ? `&continue=${encodeURIComponent(from)}` : ''}`;
  const answer = record(await callApi(path, signal ? { signal } : {}));
  const items = Array.isArray(answer.items) ? answer.items : [];
  const token = record(answer.metadata).continue;
  return { entries: items.map(readEntry), next: typeof token === 'string' && token ? token : undefined };
}

function queryOf(filter: HistoryFilter): string {
  return Object.entries(filter)
    .filter(([, value]) => value)
    .map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`)
    .join('');
}
