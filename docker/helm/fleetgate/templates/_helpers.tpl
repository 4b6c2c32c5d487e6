{{- define "fleetgate.labels" -}}
app.kubernetes.io/name: fleetgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "fleetgate.selector" -}}
app.kubernetes.io/name: fleetgate
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "fleetgate.name" -}}
{{- printf "%s-%s" .root.Release.Name .component | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* One role of the gateway: {root, component, role, spec}. */}}
{{- define "fleetgate.deployment" -}}
{{- $values := .root.Values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "fleetgate.name" . }}
  labels:
    {{- include "fleetgate.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  {{- if not .scaled }}
  replicas: {{ .spec.replicas }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "fleetgate.selector" . | nindent 6 }}
  strategy:
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  template:
    metadata:
      labels:
        {{- include "fleetgate.selector" . | nindent 8 }}
      annotations:
        checksum/connections: {{ $values.connections | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 30
      {{- with $values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "fleetgate.selector" . | nindent 14 }}
      containers:
        - name: gateway
          image: "{{ $values.image.repository }}:{{ $values.image.tag | default .root.Chart.AppVersion }}"
          imagePullPolicy: {{ $values.image.pullPolicy }}
          env:
            - { name: FLEETGATE_ROLE, value: {{ .role }} }
            - { name: FLEETGATE_PUBLIC_URL, value: {{ required "publicUrl is missing: the address that callers use" $values.publicUrl | quote }} }
            - { name: FLEETGATE_DATABASE_URL_FILE, value: /run/secrets/fleetgate/database-url }
            - { name: FLEETGATE_SECRET_KEY_FILE, value: /run/secrets/fleetgate/secret-key }
            - { name: FLEETGATE_ROOT_KEY_FILE, value: /run/secrets/fleetgate/root-key }
            {{- if $values.secret.keys.redisUrl }}
            - { name: FLEETGATE_REDIS_URL_FILE, value: /run/secrets/fleetgate/redis-url }
            {{- end }}
            {{- if $values.connections }}
            - { name: FLEETGATE_CONFIG, value: /etc/fleetgate/connections.yaml }
            {{- end }}
            {{- if $values.metricsPort }}
            - { name: FLEETGATE_METRICS_PORT, value: {{ $values.metricsPort | quote }} }
            {{- end }}
            {{- range $name, $value := $values.settings }}
            - { name: {{ $name }}, value: {{ $value | quote }} }
            {{- end }}
          {{- with $values.accountsSecret }}
          envFrom:
            - secretRef: { name: {{ . }} }
          {{- end }}
          ports:
            - { name: http, containerPort: 8080 }
            {{- if $values.metricsPort }}
            - { name: metrics, containerPort: {{ $values.metricsPort }} }
            {{- end }}
          startupProbe: { httpGet: { path: /livez, port: http }, periodSeconds: 2, failureThreshold: 60 }
          livenessProbe: { httpGet: { path: /livez, port: http }, periodSeconds: 10, timeoutSeconds: 3 }
          readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 5, timeoutSeconds: 3 }
          resources:
            {{- toYaml .spec.resources | nindent 12 }}
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: secrets, mountPath: /run/secrets/fleetgate, readOnly: true }
            {{- if $values.connections }}
            - { name: connections, mountPath: /etc/fleetgate, readOnly: true }
            {{- end }}
      volumes:
        - name: secrets
          secret:
            secretName: {{ $values.secret.name }}
            defaultMode: 0440
            items:
              - { key: {{ $values.secret.keys.databaseUrl }}, path: database-url }
              - { key: {{ $values.secret.keys.secretKey }}, path: secret-key }
              - { key: {{ $values.secret.keys.rootKey }}, path: root-key }
              {{- with $values.secret.keys.redisUrl }}
              - { key: {{ . }}, path: redis-url }
              {{- end }}
        {{- if $values.connections }}
        - name: connections
          configMap: { name: {{ .root.Release.Name }}-connections }
        {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
