import { type Chapter, does, fails, since133 } from './step';

const settings = (...data: string[]) =>
  `cat >cm.yaml <<EOF
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, labels: { set: mine } }
data: { ${data.join(', ')} }
EOF
`;
const data = "kubectl get cm settings -o jsonpath='{.data}'";

/** Files that are applied, compared, replaced, edited, patched. */
export const applying: Chapter = {
  title: 'keeps objects in files',
  steps: [
    does(`${settings('a: "1"', 'b: "2"')}kubectl apply -f cm.yaml`, /settings created/),
    does('kubectl apply -f cm.yaml', /settings unchanged/),
    {
      line: `${settings('a: "1"', 'c: "3"')}kubectl diff -f cm.yaml`,
      seen: /^-\s+b: "2"\n\+\s+c: "3"$/m,
      code: 1,
    },
    does('kubectl apply -f cm.yaml --dry-run=server', /configured \(server dry run\)/),
    does(`kubectl apply -f cm.yaml >&2; ${data}`, /configured\n.*\{"a":"1","c":"3"\}$/),
    does('kubectl apply view-last-applied cm/settings', /a: "1"\n\s+c: "3"/),
    does(`${settings('a: "1"', 'd: "4"')}kubectl apply set-last-applied -f cm.yaml`, /configured/),
    does(`kubectl apply -f cm.yaml >&2; ${data}`, /\{"a":"1","c":"3","d":"4"\}$/),
    does(`kubectl replace -f cm.yaml >&2; ${data}`, /\{"a":"1","d":"4"\}$/),
    does('kubectl replace --force -f cm.yaml', /deleted[\s\S]*replaced/),
    does('kubectl apply --server-side --field-manager=alice -f cm.yaml', /serverside-applied/),
    fails(
      `${settings('a: "9"')}kubectl apply --server-side --field-manager=bob -f cm.yaml`,
      /conflict with "alice"[\s\S]*\.data\.a/,
    ),
    does(
      `kubectl apply --server-side --field-manager=bob --force-conflicts -f cm.yaml >&2; ${data}`,
      /"a":"9","d":"4"/,
    ),
    does(
      `${settings('d: "4"')}kubectl apply --server-side --field-manager=bob --force-conflicts -f cm.yaml >&2; ${data}`,
      /\{"d":"4"\}$/,
    ),
    does('kubectl delete cm settings && kubectl apply -f cm.yaml', /settings created/),
    does(
      `${settings('e: "5"')}kubectl apply --server-side --force-conflicts -f cm.yaml >&2; ${data}`,
      /"e":"5"/,
    ),
    does(`${settings('f: six')}kubectl apply -f cm.yaml >&2; ${data}`, /"f":"six"/),
    does(
      'kubectl apply -f cm.yaml && kubectl create cm stale --from-literal=x=1 --save-config && kubectl label cm stale set=mine && kubectl apply -f cm.yaml --prune -l set=mine --prune-allowlist=core/v1/ConfigMap',
      /configmap\/stale pruned/,
      since133('1.20 calls the flag --prune-whitelist'),
    ),
    does(
      'kubectl apply -f cm.yaml && kubectl create cm stale --from-literal=x=1 --save-config && kubectl label cm stale set=mine && kubectl apply -f cm.yaml --prune -l set=mine --prune-whitelist=core/v1/ConfigMap',
      /configmap\/stale pruned/,
      { versions: ['1.20'], because: '1.33 calls the flag --prune-allowlist' },
    ),
    does(`KUBE_EDITOR='sed -i s/six/seven/' kubectl edit cm settings >&2; ${data}`, /edited\n.*"f":"seven"/),
    does(
      `kubectl patch cm settings --type=merge -p '{"data":{"f":null,"g":"8"}}' >&2; ${data}`,
      /"g":"8"\}$/,
    ),
    does(
      `kubectl patch cm settings --type=json -p '[{"op":"replace","path":"/data/g","value":"9"}]' >&2; ${data}`,
      /"g":"9"/,
    ),
    fails(
      `kubectl patch cm settings --type=json -p '[{"op":"test","path":"/data/g","value":"1"}]'`,
      /The request is invalid/,
    ),
    does(
      'kubectl label cm settings tier=front; kubectl get cm -l tier=front -o name',
      /^configmap\/settings$/m,
    ),
    fails(
      'kubectl label cm settings tier=back',
      /'tier' already has a value \(front\), and --overwrite is false/,
    ),
    does(
      'kubectl label cm settings tier=back --overwrite && kubectl label cm settings tier-',
      /unlabeled|labeled/,
    ),
    does('kubectl annotate cm --all note=seen && kubectl annotate cm settings note-', /annotated/),
    does(
      `mkdir -p kust && cp cm.yaml kust && printf 'namePrefix: my-\nresources: [cm.yaml]\nconfigMapGenerator: [{name: gen, literals: [a=1]}]\n' >kust/kustomization.yaml && kubectl kustomize kust`,
      /name: my-gen-[a-z0-9]+\n[\s\S]*name: my-settings|name: my-settings[\s\S]*name: my-gen-/,
    ),
    does('kubectl apply -k kust', /my-settings created/),
    does('kubectl delete -k kust', /(deleted\n[\s\S]*){2}/),
    fails('sed s/^data/dota/ cm.yaml | kubectl apply --validate=true -f -', /unknown field "(\S+\.)?dota"/),
    does(
      'sed s/^data/dota/ cm.yaml | kubectl apply --validate=warn --dry-run=server -f -',
      /Warning: unknown field "dota"/,
      since133('--validate is true or false in 1.20'),
    ),
    does('kubectl create -f cm.yaml --dry-run=client --edit=false -o name', /configmap\/settings/),
  ],
};
