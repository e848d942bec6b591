import { RuntimeError } from '../runtime';

/** Docker's grammar: [host[:port]/]path[:tag][@digest], path in lower case. */
const HOST = String.raw`(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  String.raw`^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*(?::([\w][\w.-]{0,127}))?(?:@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?$`,
);
const MAX_LENGTH = 512;

/** The reference with `:latest` added where neither tag nor digest is given; throws `invalid-image-name`. */
export function normalizeImageReference(reference: string): string {
  const match = reference.length <= MAX_LENGTH ? REFERENCE.exec(reference) : null;
  if (!match) {
    throw new RuntimeError(
      'invalid-image-name',
      `couldn't parse image name "${reference.slice(0, MAX_LENGTH)}": invalid reference format`,
    );
  }
  return match[1] || reference.includes('@') ? reference : `${reference}:latest`;
}
