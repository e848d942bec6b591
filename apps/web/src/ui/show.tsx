'use client';
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { useSyncExternalStore } from 'react';

/**
 * What stands open beside the page is part of the address: `?show=pods/shop/web-1&tab=logs`. So it can be sent to
 * somebody, and the back button closes it.
 */
export interface Shown {
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly tab?: string | undefined;
}

const changed = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  changed.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    changed.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

export function useSearch(): string {
  return useSyncExternalStore(
    subscribe,
    () => window.location.search,
    () => '',
  );
}

export function useShown(): Shown | undefined {
  return parseShown(useSearch());
}

export function parseShown(search: string): Shown | undefined {
  const parameters = new URLSearchParams(search);
  const parts = parameters.get('show')?.split('/') ?? [];
  const [resource, ...rest] = parts;
  const name = rest.pop();
  if (!resource || !name || rest.length > 1) return undefined;
  return { resource, namespace: rest[0], name, tab: parameters.get('tab') ?? undefined };
}

export function searchOf(shown: Shown | undefined): string {
  if (!shown) return '';
  const path = [shown.resource, shown.namespace, shown.name]
    .filter(Boolean)
    .map((part) => encodeURIComponent(part ?? ''));
  return `?show=${path.join('/')}${shown.tab ? `&tab=${encodeURIComponent(shown.tab)}` : ''}`;
}

export function show(shown: Shown | undefined, how: 'push' | 'replace' = 'push'): void {
  const url = window.location.pathname + searchOf(shown);
  if (how === 'push') window.history.pushState(null, '', url);
  else window.history.replaceState(null, '', url);
  for (const listener of changed) listener();
}

type ShowLinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & { to: Shown };

/** A real link (it can be opened in another tab) that opens the thing beside the page. */
export function ShowLink({ to, onClick, ...rest }: ShowLinkProps) {
  const open = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0)
      return;
    event.preventDefault();
    show(to);
  };
  return <a href={searchOf(to)} onClick={open} {...rest} />;
}
