{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Mode `inject`: lastcall comes from its own image, and stands in front of the command. */}}

{{- define "lastcall.inject.folder" -}}/lastcall-bin{{- end }}

{{- /* `image` or `init`. Image volumes are on by default from Kubernetes 1.35 (KEP-4639). */}}
{{- define "lastcall.inject.how" -}}
{{- if ne .Values.lastcall.inject "auto" -}}
  {{- .Values.lastcall.inject }}
{{- else -}}
  {{- semverCompare ">=1.35.0-0" .Capabilities.KubeVersion.Version | ternary "image" "init" }}
{{- end -}}
{{- end }}

{{- define "lastcall.inject.process" -}}
{{- include "lastcall.front.process" . }}
{{- end }}

{{- define "lastcall.inject.command" -}}
{{- include "lastcall.front.command" (dict "program" (printf "%s/lastcall" (include "lastcall.inject.folder" .)) "root" .) }}
{{- end }}

{{- define "lastcall.inject.env" }}{{ end }}

{{- define "lastcall.inject.ports" -}}
{{- include "lastcall.port" . }}
{{- end }}

{{- define "lastcall.inject.mounts" -}}
{{- include "lastcall.mounts" . }}
{{ include "lastcall.inject.mount" . }}
  readOnly: true
{{- end }}

{{- define "lastcall.inject.mount" -}}
- name: lastcall-bin
  mountPath: {{ include "lastcall.inject.folder" . }}
{{- end }}

{{- define "lastcall.inject.probes" -}}
{{- include "lastcall.probes" . }}
{{- end }}

{{- define "lastcall.inject.extraContainers" -}}
{{- include "lastcall.front.extraContainers" . }}
{{- end }}

{{- define "lastcall.inject.preStop" }}{{ end }}

{{- define "lastcall.inject.initContainers" -}}
{{- if eq (include "lastcall.inject.how" .) "init" -}}
- name: lastcall-install
  {{- include "lastcall.ownContainer" . | nindent 2 }}
  command: [/lastcallctl, install, {{ include "lastcall.inject.folder" . }}]
  volumeMounts:
    {{- include "lastcall.inject.mount" . | nindent 4 }}
{{- end }}
{{- end }}

{{- define "lastcall.inject.volumes" -}}
- name: lastcall-bin
{{- if eq (include "lastcall.inject.how" .) "init" }}
  emptyDir: {}
{{- else }}
  image:
    reference: {{ include "lastcall.image" . | quote }}
    pullPolicy: {{ .Values.lastcall.image.pullPolicy }}
{{- end }}
{{- end }}
