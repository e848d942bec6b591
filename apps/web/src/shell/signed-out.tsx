'use client';
import { Wheel } from './wheel';

export function SignedOut() {
  return (
    <main className="chart grid min-h-dvh place-items-center p-6">
      <div className="card max-w-[480px] p-8">
        <Wheel size={30} className="text-brass" />
        <h1 className="mt-3 text-[21px] font-[650] tracking-[-0.01em]">You are signed out</h1>
        <p className="mt-1 text-ink-2">Ask your cluster for a new link and open it here:</p>
        <pre className="mono mt-3 rounded-lg border border-line bg-sea p-3">npx wheelhouse console-url</pre>
      </div>
    </main>
  );
}
