/** Of a request, what says whether its reader is a person. */
export interface Asked {
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Tools by which people look at answers; their names begin so. */
const TOOLS = ['curl', 'Wget'];
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'True', 'TRUE']);

/** What nobody reads from end to end is laid out only for who asks for it, and what is larger still for nobody. */
const LARGEST_UNASKED = 256 * 1024;
const LARGEST = 3 * 1024 * 1024;

/**
 * Whether JSON of so many bytes is laid out for people: as `?pretty=` says, or, where that says nothing, for tools that
 * people use, and for browsers that show a page (Kubernetes does it for whatever a browser asks for; consoles need it
 * small). Laying out takes its time, in which nobody else is answered: large answers stay as they are.
 */
export function wantsPretty({ url = '', headers }: Asked, length: number): boolean {
  if (length > LARGEST) return false;
  if (url.includes('pretty')) {
    const said = new URLSearchParams(url.split('?', 2)[1]).get('pretty');
    if (said) return TRUE.has(said);
  }
  const accept = String(headers.accept ?? '');
  if (/;\s*pretty=1(?:[;,\s]|$)/.test(accept)) return true;
  if (length > LARGEST_UNASKED) return false;
  const agent = String(headers['user-agent'] ?? '');
  if (TOOLS.some((tool) => agent.startsWith(tool))) return true;
  return agent.startsWith('Mozilla/5.0') && accept.includes('text/html');
}

const INDENT = '  ';

/** Valid JSON over several lines. The text is not taken apart: numbers stay as they were written. */
export function indented(json: string): string {
  let out = '';
  let depth = 0;
  let from = 0;
  const line = () => `\n${INDENT.repeat(depth)}`;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case '"':
        i = endOfString(json, i);
        break;
      case '{':
      case '[': {
        const end = nextMeaningful(json, i + 1);
        if (json[end] === '}' || json[end] === ']') {
          out += `${json.slice(from, i + 1)}${json[end]}`;
          i = end;
        } else {
          depth++;
          out += json.slice(from, i + 1) + line();
        }
        from = i + 1;
        break;
      }
      case '}':
      case ']':
        depth--;
        out += json.slice(from, i) + line();
        from = i;
        break;
      case ',':
        out += json.slice(from, i + 1) + line();
        from = i + 1;
        break;
      case ':':
        out += `${json.slice(from, i + 1)} `;
        from = i + 1;
        break;
      default:
        // What is laid out already loses its layout first.
        if (isSpace(json[i])) {
          out += json.slice(from, i);
          from = i + 1;
        }
    }
  }
  return out + json.slice(from);
}

function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i;
}

function nextMeaningful(json: string, start: number): number {
  let i = start;
  while (isSpace(json[i])) i++;
  return i;
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}
