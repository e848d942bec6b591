import { type Chapter, comes, does, fails, since133 } from './step';

const image = '--image=$IMAGE --image-pull-policy=Never';
const ask = `"$NODE" -e 'fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)'`;
/** Starts a command that serves, waits until it says where, asks it and ends it. */
const served = (command: string, says: string, url: string) =>
  `${command} >served 2>&1 & until grep -q '${says}' served; do kill -0 $! || { cat served; exit 1; }; sleep 0.1; done; port=$(grep -om1 '127.0.0.1:[0-9]*' served); ${ask} "http://$port${url}"; kill $!`;

/** Inside running containers: logs, exec, attach, copies, ports, debugging. */
export const running: Chapter = {
  title: 'goes into containers',
  steps: [
    does(
      `kubectl run box ${image} --labels=app=box --restart=Always --command -- sh -c 'httpd -p 8080 -h /www; echo started; echo trouble >&2; exec sleep 3600'`,
      /created/,
    ),
    does('kubectl wait --for=condition=Ready pod/box --timeout=120s', /condition met/),
    comes('kubectl logs box', /started\ntrouble\n|trouble\nstarted\n/),
    does('kubectl logs box --tail=1 --timestamps', /^\d{4}-\d\d-\d\dT\S+Z \w+\n$/),
    does('kubectl logs box --since=1h --limit-bytes=4', /^(star|trou)$/),
    does('kubectl logs -l app=box --prefix --all-containers', /^\[pod\/box\/box\] (started|trouble)$/m),
    fails('kubectl logs box --previous', /previous terminated container "box" in pod "box" not found/),
    does('kubectl exec box -- cat /www/page', /^hello from the pod\n$/),
    does('echo through | kubectl exec -i box -- cat', /^through\n$/),
    { line: "kubectl exec box -- sh -c 'exit 7'", seen: /command terminated with exit code 7/, code: 7 },
    does('kubectl cp box:/www ./copied >&2; cat copied/page', /hello from the pod\n$/),
    does('echo sent >file; kubectl cp file box:/tmp/file && kubectl exec box -- cat /tmp/file', /sent\n$/),
    does(
      served('kubectl port-forward pod/box :8080', 'Forwarding from 127.0.0.1', '/page'),
      /hello from the pod/,
    ),
    does(
      served(
        'kubectl proxy --port=0',
        'Starting to serve',
        '/api/v1/namespaces/$NS/pods/box:8080/proxy/page',
      ),
      /hello from the pod/,
    ),
    does(
      `kubectl run once -i --rm ${image} --restart=Never -- cat <<<'what is typed'`,
      /what is typed[\s\S]*"once" deleted/,
    ),
    does(
      `kubectl run talker ${image} --restart=Never -i --rm --quiet -- sh -c 'cat; echo done' <<<hello`,
      /hello\ndone/,
    ),
    does(
      `kubectl run loop ${image} --restart=Never -- sh -c 'while sleep 0.2; do echo tick; done'`,
      /created/,
    ),
    does('kubectl wait --for=condition=Ready pod/loop --timeout=120s', /condition met/),
    does('kubectl attach loop | head -n2', /tick\ntick/),
    does('kubectl logs -f loop | head -n2', /tick\ntick/),
    does(
      `kubectl debug box ${image} -c look --profile=general -- sleep 600`,
      /^$|Defaulting/,
      since133('debugging is alpha in 1.20'),
    ),
    comes(
      'kubectl get pod box -o jsonpath=\'{.status.ephemeralContainerStatuses[?(@.name=="look")].state}\'',
      /running/,
      since133('debugging is alpha in 1.20'),
    ),
    does(
      `kubectl debug box ${image} --copy-to=copy --set-image=box=$IMAGE --share-processes --profile=general -- sleep 600`,
      /^$|Defaulting/,
      since133('debugging is alpha in 1.20'),
    ),
    does(
      `kubectl debug node/node-1 ${image} --profile=general -- ls /host`,
      /Creating debugging pod/,
      since133('debugging is alpha in 1.20'),
    ),
    comes(
      'kubectl logs $(kubectl get pods -o name | grep node-debugger)',
      /etc\n[\s\S]*usr\n/,
      since133('debugging is alpha in 1.20'),
    ),
    does('kubectl delete pod loop --grace-period=0 --force', /force deleted/),
    does('kubectl delete pod box --grace-period=1', /deleted/),
  ],
};
