'use client';
import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { kindOf } from '../api/paths';
import { Boundary } from '../shell/boundary';
import { type Shown, show } from '../ui/show';
import { DeleteButton } from './delete-button';

export interface DetailTab {
  readonly id: string;
  readonly name: string;
  readonly content: ReactNode;
  /** The content fills the panel and scrolls by itself. */
  readonly fill?: boolean;
}

interface FrameProps {
  readonly shown: Shown;
  readonly gone: boolean;
  readonly lead: ReactNode;
  readonly actions?: ReactNode;
  readonly tabs: readonly DetailTab[];
  readonly deletable?: boolean;
}

/** The panel that every detail stands in: what it is, how it is in words, then its sides as tabs. */
export function DetailFrame({ shown, gone, lead, actions, tabs, deletable = true }: FrameProps) {
  const tab = tabs.find(({ id }) => id === shown.tab)?.id ?? tabs[0]?.id ?? '';
  return (
    <aside
      aria-label={`${kindOf(shown.resource)} ${shown.name}`}
      data-testid="detail"
      className="panel absolute inset-y-0 right-0 z-10 flex w-full max-w-[640px] flex-col border-l border-line bg-paper shadow-lift"
    >
      <header className="border-b border-line px-5 pt-4">
        <div className="flex items-start gap-3">
          <div className="min-w-0 flex-1">
            <p className="text-[12px] text-ink-3">
              {kindOf(shown.resource)}
              {shown.namespace ? ` · ${shown.namespace}` : ''}
            </p>
            <h2 className="text-[19px] leading-tight font-[640] tracking-[-0.015em] [overflow-wrap:anywhere]">
              {shown.name}
            </h2>
          </div>
          <div className="flex shrink-0 items-center gap-1.5">
            {gone ? null : actions}
            {deletable && !gone ? <DeleteButton shown={shown} /> : null}
            <button
              type="button"
              className="button w-8 px-0"
              data-tone="plain"
              aria-label="Close"
              onClick={() => show(undefined)}
            >
              ✕
            </button>
          </div>
        </div>
        <div className="mt-2 text-[13.5px] text-ink-2" data-testid="detail-status">
          {gone ? <b className="font-semibold text-fail-ink">It is gone.</b> : lead}
        </div>
        <Tabs
          selectedKey={tab}
          onSelectionChange={(key) => show({ ...shown, tab: String(key) }, 'replace')}
          className="mt-3"
        >
          <TabList aria-label="Sides" className="flex gap-1">
            {tabs.map(({ id, name }) => (
              <Tab key={id} id={id} className="tab">
                {name}
              </Tab>
            ))}
          </TabList>
          {/* The panels stand below the header's line; react-aria ties them to their tabs by id. */}
          {tabs.map(({ id }) => (
            <TabPanel key={id} id={id} className="hidden" />
          ))}
        </Tabs>
      </header>
      {tabs
        .filter(({ id }) => id === tab)
        .map(({ id, content, fill }) => (
          <div
            key={id}
            className={fill ? 'flex min-h-0 flex-1 flex-col' : 'min-h-0 flex-1 overflow-y-auto px-5 py-4'}
          >
            <Boundary>{content}</Boundary>
          </div>
        ))}
    </aside>
  );
}
