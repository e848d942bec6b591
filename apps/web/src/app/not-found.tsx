import Link from 'next/link';

export default function NotFound() {
  return (
    <div className="grid h-full place-items-center p-6">
      <div className="card max-w-md p-7">
        <h1 className="text-[19px] font-[650] tracking-[-0.01em]">There is no such page</h1>
        <p className="mt-1 mb-4 text-ink-2">
          The address may be mistyped, or from another version of the console.
        </p>
        <Link href="/" className="button" data-tone="primary">
          To the bridge
        </Link>
      </div>
    </div>
  );
}
