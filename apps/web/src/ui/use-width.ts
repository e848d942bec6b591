'use client';
import { type RefCallback, useCallback, useRef, useState } from 'react';

/** The element's content width in whole pixels, followed as it changes; 0 until it is known. */
export function useWidth<E extends HTMLElement>(): { ref: RefCallback<E>; width: number } {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver>(undefined);
  const ref = useCallback((element: E | null) => {
    observer.current?.disconnect();
    if (!element) return;
    setWidth(Math.floor(element.clientWidth));
    observer.current = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.current.observe(element);
  }, []);
  return { ref, width };
}
