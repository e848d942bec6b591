/**
 * Webhooks for admission and conversion, each at a path of its own, over HTTPS on 8443 with the certificate in /tls.
 * Plain Node without packages: the image holds nothing else.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const allow = () => ({ allowed: true });
const deny = (message) => ({ allowed: false, status: { message } });
const patch = (operations) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
const data = ({ object, oldObject }) => (object ?? oldObject)?.data ?? {};

/** Adds the next mark to an object's data; two webhooks do so in turn. */
const stage = (from, to) => (request) =>
  data(request)[from] === 'yes' ? patch([{ op: 'add', path: `/data/${to}`, value: 'yes' }]) : allow();

const admissions = {
  '/allow': allow,
  '/deny': () => deny('nobody may'),
  '/slow': async () => {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    return allow();
  },
  '/deny-marked': (request) =>
    data(request).verdict === 'deny' ||
    (request.object ?? request.oldObject)?.metadata?.labels?.verdict === 'deny'
      ? deny('it is marked to be denied')
      : allow(),
  '/deny-attach': ({ object, name, operation }) =>
    operation === 'CONNECT' && object.kind === 'PodAttachOptions' && object.container
      ? deny(`attaching to pod '${name}' is not allowed`)
      : allow(),
  '/hang-marked': async (request) => {
    if (request.object?.metadata?.labels?.verdict === 'hang')
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    return allow();
  },
  '/first': stage('start', 'first'),
  '/second': stage('first', 'second'),
  '/add-container': () =>
    patch([{ op: 'add', path: '/spec/initContainers', value: [{ name: 'added', image: 'nowhere/added' }] }]),
  '/mark': ({ object }) =>
    patch([{ op: 'add', path: '/metadata/labels', value: { ...object.metadata.labels, marked: 'yes' } }]),
};

/** v1 has `hostPort: "host:port"`, v2 `host` and `port`. */
function convert({ desiredAPIVersion, objects }) {
  return objects.map(({ hostPort, host, port, ...rest }) => {
    const object = { ...rest, apiVersion: desiredAPIVersion };
    if (desiredAPIVersion.endsWith('/v1'))
      return host === undefined ? object : { ...object, hostPort: `${host}:${port}` };
    const [first, second] = (hostPort ?? '').split(':');
    return hostPort === undefined ? object : { ...object, host: first, port: second };
  });
}

async function answer(path, request) {
  if (path === '/convert') return { result: { status: 'Success' }, convertedObjects: convert(request) };
  return (admissions[path] ?? allow)(request);
}

const file = (name) => readFileSync(`/tls/${name}`);
createServer({ cert: file('tls.crt'), key: file('tls.key') }, async (req, res) => {
  const { pathname } = new URL(req.url, 'https://hooks');
  if (req.method === 'GET') return res.end('ok');
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const { kind, apiVersion, request } = JSON.parse(Buffer.concat(chunks).toString());
  console.log(`${pathname} ${request.operation ?? ''} ${request.name ?? ''}`);
  const response = { uid: request.uid, ...(await answer(pathname, request)) };
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ kind, apiVersion, response }));
}).listen(8443);
process.on('SIGTERM', () => process.exit(0));
