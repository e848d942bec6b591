import { complaints, type FieldError, invalidValue, required } from '../meta/field-error';
import { dns1123Subdomain, portNumber } from '../meta/names';

/** The parts of a URL as Go's parser sees them: it takes relative ones too, and is strict about hosts and escapes. */
interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly fragment: string;
  readonly query: string;
}

const FORM = '; desired format: https://host[/path]';

/** Where a webhook listens, when that is no service of the cluster. */
export function validateWebhookUrl(text: string, field: string): FieldError[] {
  const url = parseUrl(text);
  if (!url) return [required(field, `url must be a valid URL${FORM}`)];
  const errors: FieldError[] = [];
  if (url.scheme !== 'https') {
    errors.push(invalidValue(field, url.scheme, `'https' is the only allowed URL scheme${FORM}`));
  }
  if (url.host === '') errors.push(invalidValue(field, '', `host must be provided${FORM}`));
  if (url.user !== undefined) {
    errors.push(invalidValue(field, url.user, 'user information is not permitted in the URL'));
  }
  if (url.fragment !== '') {
    errors.push(invalidValue(field, url.fragment, 'fragments are not permitted in the URL'));
  }
  if (url.query !== '') {
    errors.push(invalidValue(field, url.query, 'query parameters are not permitted in the URL'));
  }
  return errors;
}

const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

function parseUrl(text: string): UrlParts | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return undefined;
  const [, beforeFragment = '', fragment = ''] = /^([^#]*)#?(.*)$/s.exec(text) ?? [];
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(beforeFragment)?.[1] ?? '';
  const rest = scheme ? beforeFragment.slice(scheme.length + 1) : beforeFragment;
  const [, place = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(rest) ?? [];
  // Without a scheme a colon is none of the first segment's.
  if (!scheme && (place.split('/', 1)[0] ?? '').includes(':')) return undefined;
  if (BAD_ESCAPE.test(place) || BAD_ESCAPE.test(fragment)) return undefined;
  const [, authority] = /^\/\/([^/]*)/.exec(place) ?? [];
  const at = authority?.lastIndexOf('@') ?? -1;
  const host = authority?.slice(at + 1) ?? '';
  if (/[\s"<>\\^`{|}]/.test(host) || !/^(?:\[[^\]]*\]|[^:[\]]*)(?::\d*)?$/.test(host)) return undefined;
  return {
    scheme: scheme.toLowerCase(),
    host,
    user: at < 0 ? undefined : authority?.slice(0, at),
    fragment,
    query,
  };
}

/** The same as a service of the cluster. */
export function validateWebhookService(
  service: {
    readonly name?: string;
    readonly namespace?: string;
    readonly path?: string;
    readonly port?: number;
  },
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const { name, namespace, path, port } = service;
  // Kubernetes takes the one for the other here.
  if (!name) errors.push(required(`${field}.namespace`, 'service namespace is required'));
  if (!namespace) errors.push(required(`${field}.name`, 'service name is required'));
  if (port !== undefined) {
    const texts = portNumber(port).map((text) => `port is not valid: ${text}`);
    errors.push(...complaints(`${field}.port`, port, texts));
  }
  return path === undefined ? errors : [...errors, ...validatePath(path, `${field}.path`)];
}

function validatePath(path: string, field: string): FieldError[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [invalidValue(field, path, 'segment[0] may not be empty')];
  if (!path.startsWith('/')) return [invalidValue(field, path, "must start with a '/'")];
  const segments = (path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/');
  return segments.flatMap((segment, i) =>
    segment === ''
      ? [invalidValue(field, path, `segment[${i}] may not be empty`)]
      : dns1123Subdomain(segment).map((text) => invalidValue(field, path, `segment[${i}]: ${text}`)),
  );
}
