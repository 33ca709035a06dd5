{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* lastcall.yaml(5): one file, whatever the mode. */}}

{{- define "lastcall.configFile" -}}/etc/lastcall/lastcall.yaml{{- end }}
{{- define "lastcall.configAnnotation" -}}lastcall/config{{- end }}
{{- define "lastcall.stateDir" -}}/var/lib/lastcall{{- end }}

{{- /* Of a map, the pairs that were set. */}}
{{- define "lastcall.set" -}}
{{- $set := dict -}}
{{- range $key, $value := . -}}
  {{- if not (or (kindIs "invalid" $value) (and (kindIs "slice" $value) (empty $value))) }}{{ $_ := set $set $key $value }}{{ end -}}
{{- end -}}
{{- $set | toJson }}
{{- end }}

{{- /* kube-proxy falls back to terminating endpoints that are ready still, where there are no others
(KEP-1669): when all of them can be terminating at a time, readiness has to stay on for the window. */}}
{{- define "lastcall.readiness" -}}
{{- $replicas := .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicas | int -}}
{{- $local := and (include "lastcall.hasService" .) (has "Local" (list .Values.service.externalTrafficPolicy .Values.service.internalTrafficPolicy)) -}}
{{- $away := (default dict .Values.strategy.rollingUpdate).maxUnavailable -}}
{{- $all := kindIs "string" $away | ternary (eq (toString $away) "100%") (ge (int $away) $replicas) -}}
{{- if ne .Values.shutdown.readiness "auto" -}}
  {{- .Values.shutdown.readiness }}
{{- else if or (le $replicas 1) (eq .Values.strategy.type "Recreate") $all $local -}}
  after-window
{{- else -}}
  flip
{{- end -}}
{{- end }}

{{- define "lastcall.config" -}}
{{- $further := default dict .Values.lastcall.config | deepCopy -}}
{{- $shutdown := pick .Values.shutdown "gracePeriod" "margin" "propagation" -}}
{{- $_ := set $shutdown "readiness" (include "lastcall.readiness" .) -}}
{{- if kindIs "map" $shutdown.propagation -}}
  {{- $_ := set $shutdown "propagation" (include "lastcall.set" $shutdown.propagation | fromJson) -}}
{{- end -}}
{{- $shutdown = merge (include "lastcall.set" $shutdown | fromJson) (default dict $further.shutdown) -}}
{{- $config := omit $further "shutdown" -}}
{{- $_ := set $config "shutdown" $shutdown -}}
{{- $_ := set $config "stateDir" (include "lastcall.stateDir" .) -}}
{{- with include "lastcall.set" .Values.drain | fromJson }}{{ $_ := set $config "drain" . }}{{ end -}}
{{- $http := dict "listen" (printf ":%d" (int .Values.lastcall.port)) -}}
{{- if and .Values.lastcall.token (eq .Values.mode "sidecar") }}{{ $_ := set $http "prestopToken" (include "lastcall.literal" .Values.lastcall.token) }}{{ end -}}
{{- $_ := set $config "http" $http -}}
{{- $_ := set $config "processes" (list (include (printf "lastcall.%s.process" .Values.mode) . | fromJson)) -}}
{{- toYaml $config }}
{{- end }}

{{- /* Text that stands for itself: lastcall would take `${NAME}` and `$$` for something else. */}}
{{- define "lastcall.literal" -}}
{{- replace "$" "$$" . }}
{{- end }}

{{- /* A probe as lastcall takes it: a port by its number, no empty host, and text as the kubelet reads
it, to which `$` is a dollar. JSON, since a block of YAML would lose its last newline on the way. */}}
{{- define "lastcall.check" -}}
{{- $probe := deepCopy .probe -}}
{{- with $probe.exec -}}
  {{- $words := list -}}
  {{- range .command }}{{ $words = append $words (include "lastcall.word" (list . $.env)) }}{{ end -}}
  {{- $_ := set . "command" $words -}}
{{- end -}}
{{- range $kind := list "httpGet" "tcpSocket" -}}
  {{- with get $probe $kind -}}
    {{- $_ := set . "port" (include "lastcall.portNumber" (dict "ports" $.ports "port" .port) | int) -}}
    {{- if not .host }}{{ $_ := unset . "host" }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- toJson $probe | include "lastcall.literal" }}
{{- end }}

{{- /* (list WORD ENV): a word of a command as the kubelet expands it, whose variables are expanded by those
before them. */}}
{{- define "lastcall.word" -}}
{{- $values := dict -}}
{{- $unknown := dict -}}
{{- range $variable := index . 1 -}}
  {{- $_ := set $values .name (include "lastcall.expanded" (list (default "" .value) $values)) -}}
  {{- $_ := set $unknown .name (not (empty .valueFrom)) -}}
{{- end -}}
{{- range $name, $is := $unknown -}}
  {{- if and $is (contains (printf "$(%s)" $name) (index $ 0 | replace "$$" "")) -}}
    {{- printf "found $(%s) in a probe, whose value is not known before the container runs; accepted: a shell that is told $%s" $name $name | fail -}}
  {{- end -}}
{{- end -}}
{{- include "lastcall.expanded" (list (index . 0) $values) }}
{{- end }}

{{- /* (list TEXT VALUES): `$(NAME)` where there is such a value, and `$$` to a dollar; once. */}}
{{- define "lastcall.expanded" -}}
{{- $text := index . 0 | replace "$$" "\x00" -}}
{{- range $name, $value := index . 1 -}}
  {{- $text = replace (printf "$(%s)" $name) (replace "$" "\x00" $value) $text -}}
{{- end -}}
{{- replace "\x00" "$" $text }}
{{- end }}

{{- define "lastcall.portNumber" -}}
{{- if not (kindIs "string" .port) -}}
  {{- .port }}
{{- else -}}
  {{- $names := list -}}
  {{- range .ports -}}
    {{- if eq (default "" .name) $.port }}{{ int .containerPort }}{{ end -}}
    {{- $names = append $names .name -}}
  {{- end -}}
  {{- if not (has .port $names) -}}
    {{- printf "found port %q in a probe; accepted: a number, or the name of one of `ports`: %s" .port (join ", " $names) | fail -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* How a pod asks lastcall. readinessProbe: a shutdown must be seen within the window's least time,
so every 2 s (1 s where that is shorter), and the first failure counts; a 503 comes at once, and an
answer that is slow is a busy node's, which is no reason to lose the pod. livenessProbe: lastcall has
counted failures already. */}}
{{- define "lastcall.probes" -}}
{{- $times := include "lastcall.times" . | fromJson -}}
readinessProbe:
  httpGet: {path: /readyz, port: lastcall}
  periodSeconds: {{ and (gt (int $times.window) 0) (lt (int $times.min) 2000) | ternary 1 2 }}
  timeoutSeconds: 5
  failureThreshold: 1
livenessProbe:
  httpGet: {path: /livez, port: lastcall}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{- define "lastcall.port" -}}
- name: lastcall
  containerPort: {{ .Values.lastcall.port }}
{{- end }}

{{- /* Where lastcall runs: its configuration, and where its counters outlive the container. */}}
{{- define "lastcall.mounts" -}}
- name: lastcall-config
  mountPath: {{ include "lastcall.configFile" . | dir }}
  readOnly: true
- name: lastcall-state
  mountPath: {{ include "lastcall.stateDir" . }}
{{- end }}

{{- define "lastcall.volumes" -}}
- name: lastcall-config
  downwardAPI:
    items:
      - path: {{ include "lastcall.configFile" . | base }}
        fieldRef:
          fieldPath: metadata.annotations['{{ include "lastcall.configAnnotation" . }}']
- name: lastcall-state
  emptyDir: {sizeLimit: 1Mi}
{{- end }}

{{- /* The configuration is an annotation of the pod, not a ConfigMap, which all revisions would share:
an old pod that is started again in the midst of an upgrade has its own, and so has a rollback.
A pod with an emptyDir keeps its node from being scaled down, unless the cluster autoscaler is told
that the volume may be lost: ours may. */}}
{{- define "lastcall.podAnnotations" -}}
{{- $losable := list -}}
{{- range list "lastcall.volumes" (printf "lastcall.%s.volumes" .Values.mode) -}}
  {{- range include . $ | fromYamlArray -}}
    {{- if hasKey . "emptyDir" }}{{ $losable = append $losable .name }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- dict (include "lastcall.configAnnotation" .) (include "lastcall.config" .)
         "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes" (join "," $losable)
    | merge dict (default dict .Values.podAnnotations) | toYaml }}
{{- end }}

{{- /* Of lastcall's own containers, which need nothing. */}}
{{- define "lastcall.ownContainer" -}}
image: {{ include "lastcall.image" . | quote }}
imagePullPolicy: {{ .Values.lastcall.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  {{- if eq (default dict .Values.podSecurityContext | dig "runAsUser" "" | toString) "0" }}
  runAsUser: 65532
  {{- end }}
  capabilities:
    drop: [ALL]
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.lastcall.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
