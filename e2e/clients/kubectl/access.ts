import { type Chapter, comes, does, fails, since133 } from './step';

const request = `openssl req -new -newkey rsa:2048 -nodes -keyout jane.pem -subj /CN=jane-$ID/O=devs -out jane.csr 2>&-
kubectl apply -f - <<EOF
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: { name: jane-$ID }
spec: { request: $(base64 -w0 jane.csr), signerName: kubernetes.io/kube-apiserver-client, usages: [client auth] }
EOF`;
const role = (verbs: string) => `kubectl auth reconcile -f - <<EOF
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: $NS }
rules: [{ apiGroups: [''], resources: [pods], verbs: ${verbs} }]
EOF`;

/** Who may do what, and certificates for users. */
export const access: Chapter = {
  title: 'says who may do what',
  steps: [
    does('kubectl auth can-i create pods', /^yes$/m),
    does('kubectl auth whoami', /Username\s+admin/, since133('1.20 has no such command')),
    does('kubectl create role reader --verb=get --resource=pods', /created/),
    does('kubectl create rolebinding readers --role=reader --user=jane-$ID', /created/),
    comes('kubectl get pods no --as=jane-$ID --ignore-not-found && echo allowed', /^allowed$/m),
    fails('kubectl auth can-i list pods --as=jane-$ID', /^no/m),
    fails(
      'kubectl get pods --as=jane-$ID',
      /Forbidden[\s\S]*User "jane-\S+" cannot list resource "pods" in API group "" in the namespace/,
    ),
    does(role('[get, list]'), /role.*reader reconciled[\s\S]*missing rules added/),
    comes('kubectl get pods --as=jane-$ID', /No resources found/),
    does('kubectl auth can-i --list --as=jane-$ID', /pods\s+\[\]\s+\[\]\s+\[.*get.*\]/),
    does('kubectl auth can-i create deployments --as=nobody --as-group=system:masters', /^yes$/m),
    fails('kubectl get secrets --as=system:serviceaccount:$NS:default', /cannot list resource "secrets"/),
    does(request, /created/),
    does('kubectl get csr jane-$ID', /kubernetes\.io\/kube-apiserver-client\s+admin\s+.*Pending/),
    does('kubectl certificate approve jane-$ID', /approved/),
    comes('kubectl get csr jane-$ID', /Approved,Issued/),
    does('kubectl describe csr jane-$ID', /Common Name:\s+jane-/),
    does(
      "kubectl get csr jane-$ID -o jsonpath='{.status.certificate}' | base64 -d >jane.crt && sed /client-.*-data:/d $KUBECONFIG >empty && KUBECONFIG=empty kubectl --client-certificate=jane.crt --client-key=jane.pem get pods",
      /No resources found/,
    ),
    does(`kubectl delete csr jane-$ID && ${request.slice(request.indexOf('kubectl apply'))}`, /created/),
    does('kubectl certificate deny jane-$ID && kubectl get csr jane-$ID', /Denied/),
    does('kubectl delete csr jane-$ID', /deleted/),
  ],
};
