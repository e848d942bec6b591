'use client';
import Link from 'next/link';
import { CopyBlock } from '../ui/copy-block';

/** Nothing runs yet: how to run something, by command or by form. */
export function FirstRun() {
  return (
    <div className="card p-5">
      <h3 className="text-[17px] font-[620] tracking-[-0.01em]">Nothing runs here yet</h3>
      <p className="mt-1 mb-4 text-ink-2">
        Say what should run, and how many of it; the cluster finds the nodes and keeps it so. Then drag the
        brass handle.
      </p>
      <CopyBlock text="kubectl create deployment web --image=nginx --replicas=3" />
      <p className="mt-4">
        <Link href="/create" className="button" data-tone="primary">
          Write it here instead
        </Link>
      </p>
    </div>
  );
}
