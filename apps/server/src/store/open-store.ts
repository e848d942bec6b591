import type { Logger } from '../component';
import { openEmbeddedStore } from './embedded/embedded-store';
import { openEtcdStore } from './etcd/etcd-store';
import type { Store } from './store';

export type StoreSpec =
  | { readonly kind: 'embedded'; readonly directory: string }
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[] };

/**
 * Opens the store that the settings name. Throws StoreUnavailableError with one clear line (directory in use or of
 * a newer version, endpoint not reachable).
 */
export async function openStore(spec: StoreSpec, log: Logger): Promise<Store> {
  switch (spec.kind) {
    case 'embedded':
      return openEmbeddedStore(spec.directory, log);
    case 'etcd':
      return openEtcdStore(spec.endpoints, log);
  }
}
