'use client';
import { METRICS_GROUP, METRICS_VERSION } from '@wheelhouse/shared/metrics/resource-metrics';
import { useEffect, useState } from 'react';
import { create } from 'zustand';
import { callApi } from '../api/call-api';
import { bytes, cpus } from '../words/amounts';
import { type Amounts, nodeUsages, podUsage } from './read-usage';

const ROOT = `/apis/${METRICS_GROUP}/${METRICS_VERSION}`;
const PERIOD_MS = 10_000;
/** A cluster that measures nothing is asked again now and then: somebody may install it. */
const ABSENT_MS = 120_000;

interface UsageState {
  readonly nodes: ReadonlyMap<string, Amounts>;
}

const useUsages = create<UsageState>(() => ({ nodes: new Map() }));

/** One question for all nodes, while anyone looks and the page is seen. */
let watchers = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let absentUntil = 0;

async function round(): Promise<void> {
  timer = undefined;
  if (!document.hidden && Date.now() >= absentUntil) {
    try {
      useUsages.setState({ nodes: nodeUsages(await callApi(`${ROOT}/nodes`)) });
    } catch {
      // No meters are drawn rather than old ones: nothing is known.
      absentUntil = Date.now() + ABSENT_MS;
      useUsages.setState({ nodes: new Map() });
    }
  }
  if (watchers > 0) timer ??= setTimeout(() => void round(), PERIOD_MS);
}

function watchNodes(): () => void {
  watchers += 1;
  timer ??= setTimeout(() => void round());
  return () => {
    watchers -= 1;
    if (watchers > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}

/** What a node uses now; undefined while nothing measures it. */
export function useNodeUsage(name: string): Amounts | undefined {
  useEffect(watchNodes, []);
  return useUsages(({ nodes }) => nodes.get(name));
}

const KEPT = 30;

/** The last measurements of one pod, oldest first; empty while nothing measures it. */
export function usePodUsage(namespace: string, name: string): readonly Amounts[] {
  const [samples, setSamples] = useState<readonly Amounts[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    let next: ReturnType<typeof setTimeout> | undefined;
    const path = `${ROOT}/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const ask = async () => {
      try {
        const sample = podUsage(await callApi(path, { signal: abort.signal }));
        if (sample) setSamples((before) => [...before.slice(1 - KEPT), sample]);
      } catch {
        // Not measured (yet): nothing is drawn.
      }
      if (!abort.signal.aborted) next = setTimeout(() => void ask(), PERIOD_MS);
    };
    setSamples([]);
    void ask();
    return () => {
      abort.abort();
      clearTimeout(next);
    };
  }, [namespace, name]);
  return samples;
}

export const usageInWords = ({ cpu, memory }: Amounts) => `${cpus(cpu)} CPU, ${bytes(memory)} memory`;
