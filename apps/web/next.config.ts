import { fileURLToPath } from 'node:url';
import type { NextConfig } from 'next';

const config: NextConfig = {
  // The console's server serves the exported files: one port for page, API and socket.
  output: 'export',
  transpilePackages: ['@wheelhouse/shared'],
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  // `npm run typecheck` does it, over the same files; `npm start` should not wait for it.
  typescript: { ignoreBuildErrors: true },
};

export default config;
