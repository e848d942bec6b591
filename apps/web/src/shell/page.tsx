'use client';
import { usePathname } from 'next/navigation';
import { type ReactNode, useEffect } from 'react';
import { useUi } from '../ui/ui-store';

/**
 * The page of the address. From the click on a link on, the page before is gone at once: what is still drawn while
 * the next page loads can be grabbed, and would slip out of the hand. Workloads stand on several pages.
 */
export function Page({ children }: { children: ReactNode }) {
  const path = usePathname();
  const heading = useUi((state) => state.heading);
  // biome-ignore lint/correctness/useExhaustiveDependencies: any change of the path means that one has arrived
  useEffect(() => {
    useUi.setState({ heading: undefined });
  }, [path]);
  return heading === undefined || heading === path ? children : null;
}
