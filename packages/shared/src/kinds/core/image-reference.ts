const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^${DOMAIN_PART}(?:\\.${DOMAIN_PART})*(?::[0-9]+)?$`);
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;
const LONGEST_NAME = 255;

/**
 * The tag of an image by its name: `latest` where it names neither a tag nor a digest, '' with a digest alone.
 * Undefined for what is no name of an image.
 */
export function imageTag(image: string): string | undefined {
  if (IDENTIFIER.test(image)) return undefined;
  const at = image.indexOf('@');
  if (at >= 0 && !DIGEST.test(image.slice(at + 1))) return undefined;
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  if (!isImageName(colon < 0 ? named : named.slice(0, colon))) return undefined;
  return tag ?? (at < 0 ? 'latest' : '');
}

/** A repository, after the registry that it is in when that looks like one: `localhost/a`, `example.com:5000/a/b`. */
function isImageName(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const inRegistry = first === 'localhost' || /[.:]/.test(first);
  return inRegistry ? DOMAIN.test(first) && PATH.test(name.slice(slash + 1)) : PATH.test(name);
}
