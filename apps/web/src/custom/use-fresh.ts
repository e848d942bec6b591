'use client';
import { useEffect, useState } from 'react';
import { callApi, inWords } from '../api/call-api';
import { useConnection } from '../fleet/connection';

const REFRESH_MS = 2_500;

interface Fresh<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
}

/** An answer of the API, read again while it is looked at and the cluster changes. `read` must be stable. */
export function useFresh<T>(
  path: string,
  options: { readonly accept?: string; readonly read: (answer: unknown) => T },
): Fresh<T> {
  const { accept, read } = options;
  const [state, setState] = useState<Fresh<T>>({ value: undefined, error: undefined });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let revision: number | undefined;
    const ask = async () => {
      const now = useConnection.getState().revision;
      if (revision === undefined || now !== revision) {
        try {
          const answer = await callApi(path, { signal: abort.signal, ...(accept ? { accept } : {}) });
          revision = now;
          setState({ value: read(answer), error: undefined });
        } catch (failure) {
          if (abort.signal.aborted) return;
          setState((before) => ({ ...before, error: inWords(failure) }));
        }
      }
      timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, accept, read]);
  return state;
}
