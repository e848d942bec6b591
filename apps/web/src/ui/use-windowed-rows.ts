'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

interface WindowedRows {
  readonly listRef: RefObject<HTMLDivElement | null>;
  /** Undefined: draw them all. */
  readonly rows: readonly { readonly index: number; readonly start: number }[] | undefined;
  readonly height: number;
  readonly measure: (element: Element | null) => void;
}

/** The rows of a long list that are in view, within the page's own scrolling. Row positions count from the list's top. */
export function useWindowedRows(options: {
  readonly count: number;
  readonly estimate: number;
  readonly gap?: number;
  readonly enabled: boolean;
}): WindowedRows {
  const { count, estimate, gap = 0, enabled } = options;
  const listRef = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const main = document.getElementById('main');
    const list = listRef.current;
    if (!enabled || !main || !list) return;
    setMargin(list.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop);
  }, [enabled]);
  const virtualizer = useVirtualizer({
    count: enabled ? count : 0,
    estimateSize: () => estimate,
    gap,
    // Rows are drawn ahead of the eye, so nothing needs to be drawn within the scroll event itself.
    useFlushSync: false,
    overscan: 6,
    scrollMargin: margin,
    getScrollElement: () => document.getElementById('main'),
  });
  return {
    listRef,
    rows: enabled
      ? virtualizer.getVirtualItems().map(({ index, start }) => ({ index, start: start - margin }))
      : undefined,
    height: virtualizer.getTotalSize(),
    measure: virtualizer.measureElement,
  };
}
