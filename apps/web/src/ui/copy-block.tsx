'use client';
import { useState } from 'react';

export function CopyBlock({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_600);
  };
  return (
    <div className="flex items-center gap-2 rounded-lg border border-line bg-sea py-1.5 pr-1.5 pl-3">
      <code className="mono min-w-0 flex-1 overflow-x-auto whitespace-nowrap">{text}</code>
      <button type="button" className="button h-7 px-2.5 text-[12px]" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
