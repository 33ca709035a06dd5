{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Mode `sidecar`: lastcall runs beside the application, which is left as it is. */}}

{{- define "lastcall.sidecar.process" -}}
{{- dict "name" "app" "ports" (include "lastcall.tcpPorts" . | fromJsonArray) | toYaml }}
{{- end }}

{{- define "lastcall.sidecar.command" -}}
{{- with .Values.command -}}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "lastcall.sidecar.env" }}{{ end }}
{{- define "lastcall.sidecar.ports" }}{{ end }}
{{- define "lastcall.sidecar.mounts" }}{{ end }}
{{- define "lastcall.sidecar.volumes" }}{{ end }}

{{- /* The kubelet asks these itself, and the pod is ready when lastcall's container is ready, too. */}}
{{- define "lastcall.sidecar.probes" -}}
{{- $probes := dict -}}
{{- range $kind := list "startupProbe" "readinessProbe" "livenessProbe" -}}
  {{- with get $.Values $kind }}{{ $_ := set $probes $kind . }}{{ end -}}
{{- end -}}
{{- if $probes }}{{ toYaml $probes }}{{ end }}
{{- end }}

{{- /* It blocks until the window and the drain are over; the kubelet stops the application then. */}}
{{- define "lastcall.sidecar.preStop" -}}
{{- if .Values.hostNetwork -}}
sleep:
  seconds: {{ include "lastcall.seconds" (include "lastcall.times" . | fromJson).window }}
{{- else -}}
httpGet: {path: "/prestop?container=app", port: {{ .Values.lastcall.port }}}
{{- end }}
{{- end }}

{{- /* A sidecar that is an init container gets its SIGTERM after the application has ended (KEP-753). */}}
{{- define "lastcall.sidecar.initContainers" -}}
- name: lastcall
  {{- include "lastcall.ownContainer" . | nindent 2 }}
  restartPolicy: Always
  command: [/lastcall, --sidecar, -c, {{ include "lastcall.configFile" . }}]
  ports:
    {{- include "lastcall.port" . | nindent 4 }}
  {{- include "lastcall.probes" . | nindent 2 }}
  {{- if not .Values.hostNetwork }}
  lifecycle:
    preStop:
      httpGet: {path: "/prestop?pod", port: lastcall}
  {{- end }}
  volumeMounts:
    {{- include "lastcall.configMount" . | nindent 4 }}
{{- end }}
