import type { Metadata } from 'next';
import { PodsPage } from '../../pods/pods-page';

export const metadata: Metadata = { title: 'Pods' };

export default function Page() {
  return <PodsPage />;
}
