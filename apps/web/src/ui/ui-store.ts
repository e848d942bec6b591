'use client';
import { create } from 'zustand';
import { themeKey } from '../shell/theme-script';

export type Theme = 'light' | 'dark' | 'system';

export interface Toast {
  readonly id: number;
  readonly tone: 'done' | 'error';
  readonly title: string;
  readonly text?: string;
}

interface UiState {
  readonly theme: Theme;
  /** Undefined shows all namespaces. */
  readonly namespace: string | undefined;
  readonly paletteOpen: boolean;
  readonly toasts: readonly Toast[];
  /** The path of a page that was asked for and is not there yet. */
  readonly heading: string | undefined;
  /** The uid of the workload under the hand: its pods stand out on the nodes. */
  readonly focus: string | undefined;
}

export const useUi = create<UiState>(() => ({
  theme: 'system',
  namespace: undefined,
  paletteOpen: false,
  toasts: [],
  heading: undefined,
  focus: undefined,
}));

const namespaceKey = 'wheelhouse-namespace';

/** Storage can be switched off; the console works without. */
function stored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function store(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Kept for this page only.
  }
}

/** After the first render, so that what the server rendered and what the browser renders agree. */
export function restoreUi(): void {
  const theme = stored(themeKey);
  useUi.setState({
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    namespace: stored(namespaceKey),
  });
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  store(themeKey, theme === 'system' ? undefined : theme);
  useUi.setState({ theme });
}

export function setNamespace(namespace: string | undefined): void {
  store(namespaceKey, namespace);
  useUi.setState({ namespace });
}

let nextToast = 1;

/** Errors stay until they are dismissed; good news leaves by itself. */
export function toast(tone: Toast['tone'], title: string, text?: string): void {
  const id = nextToast;
  nextToast += 1;
  const added: Toast = { id, tone, title, ...(text ? { text } : {}) };
  useUi.setState(({ toasts }) => ({ toasts: [...toasts.slice(-3), added] }));
  if (tone === 'done') setTimeout(() => dismissToast(id), 4_000);
}

export function dismissToast(id: number): void {
  useUi.setState(({ toasts }) => ({ toasts: toasts.filter((each) => each.id !== id) }));
}
