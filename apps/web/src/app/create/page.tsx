import type { Metadata } from 'next';
import { CreatePage } from '../../create/create-page';

export const metadata: Metadata = { title: 'Create from YAML' };

export default function Page() {
  return <CreatePage />;
}
