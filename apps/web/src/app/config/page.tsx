import type { Metadata } from 'next';
import { ConfigPage } from '../../config/config-page';

export const metadata: Metadata = { title: 'Config & secrets' };

export default function Page() {
  return <ConfigPage />;
}
