'use client';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useCount } from '../fleet/hooks';
import { useUi } from '../ui/ui-store';
import { figure } from '../words/amounts';
import { useCronJobs, useWorkloads } from '../workloads/use-workloads';
import { type Destination, NAVIGATION } from './navigation';

export function Sidebar() {
  return (
    <nav
      aria-label="Console"
      className="hidden overflow-y-auto border-r border-line bg-paper px-2.5 py-3.5 md:block"
    >
      <NavigationLinks />
    </nav>
  );
}

export function NavigationLinks({ onNavigate }: { onNavigate?: () => void }) {
  return NAVIGATION.map(({ heading, links }) => (
    <div key={heading ?? 'main'}>
      {heading ? (
        <h2 className="mx-[11px] mt-4 mb-1.5 text-[12px] font-semibold text-ink-3">{heading}</h2>
      ) : null}
      {links.map((link) => (
        <NavigationLink key={link.href} link={link} {...(onNavigate ? { onNavigate } : {})} />
      ))}
    </div>
  ));
}

function NavigationLink({ link, onNavigate }: { link: Destination; onNavigate?: () => void }) {
  const path = usePathname();
  const here = path === link.href || (link.href !== '/' && path.startsWith(link.href));
  return (
    <Link
      href={link.href}
      onClick={(event) => {
        const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
        if (!elsewhere && path !== link.href) useUi.setState({ heading: link.href });
        onNavigate?.();
      }}
      aria-current={here ? 'page' : undefined}
      // The count is no part of the name by which people and scripts find the link.
      aria-label={link.name}
      className={`mb-0.5 flex justify-between rounded-[7px] px-[11px] py-[7px] font-medium ${
        here ? 'bg-brass-soft text-ink' : 'text-ink-2 hover:bg-(--wash) hover:text-ink'
      }`}
    >
      {link.name}
      {link.counts === 'workloads' ? <WorkloadCount /> : link.counts ? <Count of={link.counts} /> : null}
    </Link>
  );
}

function Count({ of }: { of: string }) {
  const namespace = useUi((state) => state.namespace);
  const count = useCount(namespace && of !== 'nodes' ? `${of}/${namespace}` : of);
  return <span className="text-[12.5px] text-ink-3">{count > 0 ? figure(count) : ''}</span>;
}

function WorkloadCount() {
  const count = useWorkloads().length + useCronJobs().length;
  return <span className="text-[12.5px] text-ink-3">{count > 0 ? figure(count) : ''}</span>;
}
