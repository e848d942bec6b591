'use client';
import { type RefCallback, useCallback, useRef, useState } from 'react';

/** The last width of each sort of element: elements of one sort are as wide as each other, nearly always. */
const lastWidths = new Map<string, number>();

/**
 * The element's content width in whole pixels, followed as it changes; 0 until one of its sort is known. Starting
 * with the last known width of the sort spares a list that is being scrolled from drawing every new row twice.
 */
export function useWidth<E extends HTMLElement>(sort: string): { ref: RefCallback<E>; width: number } {
  const [width, setWidth] = useState(() => lastWidths.get(sort) ?? 0);
  const observer = useRef<ResizeObserver>(undefined);
  const ref = useCallback(
    (element: E | null) => {
      observer.current?.disconnect();
      if (!element) return;
      // The observer reports once at the start, after layout, so nothing here forces one.
      observer.current = new ResizeObserver(([entry]) => {
        if (!entry) return;
        const next = Math.floor(entry.contentRect.width);
        lastWidths.set(sort, next);
        setWidth(next);
      });
      observer.current.observe(element);
    },
    [sort],
  );
  return { ref, width };
}
