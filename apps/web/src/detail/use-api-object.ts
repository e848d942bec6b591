'use client';
import type { FleetKey } from '@wheelhouse/shared/console/protocol';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { useCallback, useEffect, useState } from 'react';
import { callApi } from '../api/call-api';
import { pathOf, type Ref } from '../api/paths';
import { useFleetObject } from '../fleet/hooks';

export interface ApiObject<T> {
  readonly object: T | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

export const keyOfRef = ({ resource, namespace, name }: Ref): FleetKey =>
  namespace ? `${resource}/${namespace}/${name}` : `${resource}/${name}`;

/** The whole object from the API, read again whenever its projection in the fleet changes. */
export function useApiObject<T extends KubeObject>(ref: Ref): ApiObject<T> {
  const [state, setState] = useState<{ object: T | undefined; error: unknown }>({
    object: undefined,
    error: undefined,
  });
  const [round, setRound] = useState(0);
  const seen = useFleetObject(keyOfRef(ref));
  const path = pathOf(ref);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `seen` and `round` are the reasons to read again
  useEffect(() => {
    const abort = new AbortController();
    callApi(path, { signal: abort.signal }).then(
      // The path names the kind; the API answers with an object of it.
      (object) => setState({ object: object as T, error: undefined }),
      (error: unknown) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, error }));
      },
    );
    return () => abort.abort();
  }, [path, seen && JSON.stringify(seen), round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...state, reload };
}
