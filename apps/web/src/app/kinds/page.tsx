import type { Metadata } from 'next';
import { KindsPage } from '../../custom/kinds-page';

export const metadata: Metadata = { title: 'Your own kinds' };

export default function Page() {
  return <KindsPage />;
}
