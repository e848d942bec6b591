'use client';
import type { FleetObject } from '@wheelhouse/shared/console/protocol';
import { useRouter } from 'next/navigation';
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { kindOf } from '../api/paths';
import { fleet } from '../fleet/connection';
import { show } from '../ui/show';
import { setTheme, useUi } from '../ui/ui-store';
import { NAVIGATION } from './navigation';
import { findItems, type PaletteItem } from './palette-items';

const THINGS = [
  'deployments',
  'replicationcontrollers',
  'replicasets',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'pods',
  'services',
  'nodes',
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'horizontalpodautoscalers',
  'poddisruptionbudgets',
  'namespaces',
];

/** Find anything by name, go anywhere, do what needs no page. ⌘K or Ctrl-K, or a slash. */
export function Palette() {
  const open = useUi((state) => state.paletteOpen);
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, [contenteditable]');
      if ((event.key === 'k' && (event.metaKey || event.ctrlKey)) || (event.key === '/' && !typing)) {
        event.preventDefault();
        useUi.setState({ paletteOpen: true });
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return (
    <ModalOverlay
      isDismissable
      isOpen={open}
      onOpenChange={(paletteOpen) => useUi.setState({ paletteOpen })}
      className="fixed inset-0 z-40 flex justify-center bg-black/30 p-4 pt-[12vh]"
    >
      <Modal className="rise h-fit w-full max-w-[560px] overflow-hidden rounded-2xl border border-line bg-raised shadow-lift">
        <Dialog aria-label="Find or do anything" className="outline-none">
          {({ close }) => <Finder close={close} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Finder({ close }: { close: () => void }) {
  const router = useRouter();
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const actions = useMemo<readonly PaletteItem[]>(
    () => [
      ...NAVIGATION.flatMap(({ links }) =>
        links.map(({ href, name }) => ({ id: href, name, note: 'Go to', run: () => router.push(href) })),
      ),
      { id: 'light', name: 'Light appearance', note: 'Do', run: () => setTheme('light') },
      { id: 'dark', name: 'Dark appearance', note: 'Do', run: () => setTheme('dark') },
      { id: 'system', name: 'Appearance as the system', note: 'Do', run: () => setTheme('system') },
    ],
    [router],
  );
  const items = useMemo(() => findItems(search, actions, things()), [search, actions]);
  const chosen = Math.min(at, items.length - 1);

  const run = (item: PaletteItem | undefined) => {
    if (!item) return;
    close();
    item.run();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter') run(items[chosen]);
    else if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, items.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  return (
    <>
      <input
        // biome-ignore lint/a11y/noAutofocus: the dialog was opened to type into it
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-items"
        aria-activedescendant={items[chosen] ? `palette-${chosen}` : undefined}
        aria-label="Find or do anything"
        placeholder="Find or do anything"
        className="w-full border-b border-line bg-transparent px-5 py-4 text-[16px] outline-none placeholder:text-ink-3"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div
        ref={list}
        id="palette-items"
        role="listbox"
        aria-label="Found"
        className="max-h-[46vh] overflow-y-auto p-2"
      >
        {items.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's, which keeps the focus
          <div
            key={item.id}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className={`flex cursor-pointer items-baseline gap-3 rounded-lg px-3 py-2 text-[13.5px] ${index === chosen ? 'bg-(--wash)' : ''}`}
            onClick={() => run(item)}
            onPointerMove={() => setAt(index)}
          >
            <span className="min-w-0 flex-1 truncate font-medium">{item.name}</span>
            <span className="text-[12.5px] text-ink-3">{item.note}</span>
          </div>
        ))}
        {items.length === 0 ? (
          <div className="px-3 py-3 text-[13px] text-ink-3">Nothing of that name.</div>
        ) : null}
      </div>
    </>
  );
}

/** Read when the palette opens and with each letter: it is a look, not a subscription. */
function things(): PaletteItem[] {
  return THINGS.flatMap((resource) => fleet.set(resource)).map((object: FleetObject) => {
    const namespace = 'namespace' in object ? object.namespace : undefined;
    return {
      id: `${object.resource}/${namespace ?? ''}/${object.name}`,
      name: object.name,
      note: `${kindOf(object.resource)}${namespace ? ` · ${namespace}` : ''}`,
      run: () => show({ resource: object.resource, namespace, name: object.name }),
    };
  });
}
