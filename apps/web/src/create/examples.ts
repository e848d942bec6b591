export interface Example {
  readonly name: string;
  readonly text: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    name: 'A web server and its service',
    text: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: web
          image: nginx
          ports:
            - containerPort: 80
          resources:
            requests: { cpu: 50m, memory: 32Mi }
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: { app: web }
  ports:
    - port: 80
`,
  },
  {
    name: 'A replication controller',
    text: `apiVersion: v1
kind: ReplicationController
metadata:
  name: worker
spec:
  replicas: 2
  selector: { app: worker }
  template:
    metadata:
      labels: { app: worker }
    spec:
      containers:
        - name: worker
          image: busybox
          command: [sh, -c, 'while true; do date; sleep 5; done']
`,
  },
  {
    name: 'Settings and a secret',
    text: `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  COLOR: brass
---
apiVersion: v1
kind: Secret
metadata:
  name: keys
stringData:
  password: change-me
`,
  },
];
