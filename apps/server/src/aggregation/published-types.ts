import { isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import type { PublishedTypes, UserInfo } from '../http/extension';
import type { RemoteServer } from './remote-server';

const NOTHING: PublishedTypes = { v3: new Map(), v2: { paths: {}, definitions: {} } };

/** What another server publishes of its types, kept as long as it says that nothing has changed. */
export class TypesOfServer {
  published = NOTHING;
  #known: string | undefined;

  constructor(
    private readonly server: RemoteServer,
    private readonly group: string,
    private readonly version: string,
    private readonly user: UserInfo,
  ) {}

  /** True: something has changed since. A server may publish nothing at all. */
  async refresh(): Promise<boolean> {
    const path = `apis/${this.group}/${this.version}`;
    const index = await this.#get('/openapi/v3');
    const entry = isObject(index?.paths) ? index.paths[path] : undefined;
    const address =
      isObject(entry) && typeof entry.serverRelativeURL === 'string' ? entry.serverRelativeURL : '';
    // The address of a document holds its hash.
    if (this.#known === address) return false;
    this.#known = address;
    const [v3, v2] = await Promise.all([
      address.startsWith('/openapi/v3/') ? this.#get(address) : undefined,
      this.#get('/openapi/v2'),
    ]);
    const paths = members(v2?.paths);
    this.published = {
      v3: v3 ? new Map([[path, v3]]) : NOTHING.v3,
      v2: {
        paths: Object.fromEntries(Object.entries(paths).filter(([own]) => own.startsWith(`/${path}/`))),
        definitions: members(v2?.definitions),
      },
    };
    return true;
  }

  async #get(path: string): Promise<Record<string, unknown> | undefined> {
    try {
      const document = await this.server.get(path, this.user);
      return isObject(document) ? document : undefined;
    } catch {
      // Whether the server is there at all is found out by its discovery; types are more than it has to offer.
      return undefined;
    }
  }
}

function members(value: unknown): Record<string, JsonObject> {
  if (!isObject(value)) return {};
  const objects = Object.entries(value).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  return Object.fromEntries(objects);
}
