'use client';
import { Component, type ReactNode } from 'react';

/** A part that fails says so in its place; the rest of the bridge goes on. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div role="alert" className="card m-6 max-w-xl p-6">
        <h2 className="text-[17px] font-semibold">This part of the console has failed</h2>
        <p className="mt-1 text-ink-2">Your cluster is not affected. What happened:</p>
        <pre className="mono mt-3 overflow-x-auto rounded-lg border border-line bg-sea p-3">
          {error.message}
        </pre>
        <button type="button" className="button mt-4" onClick={() => this.setState({ error: undefined })}>
          Try again
        </button>
      </div>
    );
  }
}
