'use client';
import type { ReactNode } from 'react';
import { Skeleton } from '../bridge/skeleton';
import { useFleetComplete } from '../fleet/hooks';

/** The frame of every page but the bridge. */
export function Page({
  title,
  note,
  actions,
  children,
}: {
  title: string;
  note?: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const complete = useFleetComplete();
  if (!complete) return <Skeleton />;
  return (
    <div className="mx-auto max-w-[1180px] p-4 md:px-[22px] md:py-6">
      <header className="mb-4 flex flex-wrap items-end gap-3">
        <div className="min-w-0 flex-1">
          <h1 className="text-[21px] leading-tight font-[650] tracking-[-0.015em]">{title}</h1>
          {note ? <p className="mt-0.5 text-[13px] text-ink-3">{note}</p> : null}
        </div>
        {actions}
      </header>
      {children}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="card p-6">
      <h2 className="text-[16px] font-[620] tracking-[-0.01em]">{title}</h2>
      <div className="mt-1 text-ink-2">{children}</div>
    </div>
  );
}
