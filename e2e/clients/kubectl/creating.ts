import { type Chapter, comes, does, fails, since133 } from './step';

const missing120 = (what: string) => since133(`1.20 asks for ${what}, which left Kubernetes in 1.25`);

/** Every generator of `create`, `run`, `expose` and `autoscale`. */
export const creating: Chapter = {
  title: 'creates one of everything',
  steps: [
    does('kubectl create deployment web --image=wheelhouse/hello:1 --port=8080', /created/),
    does('kubectl create job once --image=wheelhouse/hello:1', /job\.batch\/once created/),
    does(
      'kubectl create cronjob tick --image=wheelhouse/hello:1 --schedule="0 0 * * *"',
      /tick created/,
      missing120('batch/v1beta1'),
    ),
    does(
      'kubectl create job now --from=cronjob/tick',
      /job\.batch\/now created/,
      missing120('batch/v1beta1'),
    ),
    does('kubectl describe cronjob tick', /Schedule:\s+0 0 \* \* \*/, missing120('batch/v1beta1')),
    does(
      'echo x=1 >env; kubectl create configmap cm2 --from-literal=a=1 --from-file=env',
      /configmap\/cm2 created/,
    ),
    does('kubectl create secret generic password --from-literal=p=opensesame', /created/),
    does("kubectl get secret password -o jsonpath='{.data.p}' | base64 -d", /^opensesame$/),
    does('kubectl describe secret password', /^p:\s+10 bytes$/m),
    does('kubectl create secret docker-registry reg --docker-username=u --docker-password=p', /created/),
    does(
      'openssl req -x509 -newkey rsa:2048 -nodes -keyout key -subj /CN=a -out crt 2>&- && kubectl create secret tls tls --cert=crt --key=key',
      /created/,
    ),
    does('kubectl create service clusterip inner --tcp=80:8080', /created/),
    does('kubectl create service nodeport outer --tcp=80:8080', /created/),
    does('kubectl create service loadbalancer front --tcp=80:8080', /created/),
    does('kubectl create service externalname other --external-name=example.com', /created/),
    does(
      'kubectl get services',
      /front\s+LoadBalancer[\s\S]*inner\s+ClusterIP[\s\S]*other\s+ExternalName[\s\S]*outer\s+NodePort/,
    ),
    does('kubectl expose deployment web --port=80 --target-port=8080 --name=web', /web exposed/),
    comes('kubectl describe service web', /Endpoints:\s+10\.\d+\.\d+\.\d+:8080/),
    does('kubectl create ingress gate --rule="foo.example/*=web:80"', /created/),
    does('kubectl describe ingress gate', /foo\.example[\s\S]*web:80/),
    does('kubectl create quota limits --hard=count/configmaps=20,pods=40', /created/),
    comes('kubectl describe quota limits', /count\/configmaps\s+\d+\s+20/),
    does('kubectl create serviceaccount bot', /created/),
    does('kubectl create token bot', /^[\w-]+\.[\w-]+\.[\w-]+$/, since133('1.20 has no such command')),
    does('kubectl create role reader --verb=get,list --resource=pods,deployments.apps', /created/),
    does('kubectl create rolebinding readers --role=reader --serviceaccount=$NS:bot', /created/),
    does('kubectl create clusterrole looker-$ID --verb=get --resource=nodes', /created/),
    does('kubectl create clusterrolebinding lookers-$ID --clusterrole=looker-$ID --user=jane', /created/),
    does(
      'kubectl create pdb guard --selector=app=web --min-available=1',
      /created/,
      missing120('policy/v1beta1'),
    ),
    comes('kubectl get pdb guard', /MIN AVAILABLE[\s\S]*guard\s+1\s+N\/A\s+0/, missing120('policy/v1beta1')),
    does('kubectl create priorityclass high-$ID --value=1000 --description=urgent', /created/),
    does('kubectl describe priorityclass high-$ID', /Value:\s+1000[\s\S]*Description:\s+urgent/),
    does('kubectl autoscale deployment web --min=1 --max=3 --cpu-percent=80', /autoscaled/),
    comes('kubectl get hpa web', /Deployment\/web\s+.*80%\s+1\s+3/),
    does(
      'kubectl run one --image=wheelhouse/hello:1 --labels=a=b --env=X=1 --port=8080 --restart=Never',
      /pod\/one created/,
    ),
    does('kubectl create namespace spare-$ID --dry-run=server -o name', /^namespace\/spare-/),
    does('kubectl create deployment dry --image=x --dry-run=client -o yaml', /^ {6}- image: x$/m),
    fails('kubectl create configmap cm2', /configmaps "cm2" already exists/),
    fails('kubectl create deployment Bad_Name --image=x', /metadata\.name: Invalid value: "Bad_Name"/),
    does(
      'kubectl delete clusterrole/looker-$ID clusterrolebinding/lookers-$ID priorityclass/high-$ID',
      /(deleted\n[\s\S]*){3}/,
    ),
  ],
};
