{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Mode `entrypoint`: the application's image has lastcall, and starts with it. */}}

{{- define "lastcall.entrypoint.process" -}}
{{- include "lastcall.front.process" . }}
{{- end }}

{{- /* Without `command` the image's ENTRYPOINT is lastcall, which finds its file by the variable. */}}
{{- define "lastcall.entrypoint.command" -}}
{{- if .Values.command }}
{{- include "lastcall.front.command" (dict "program" .Values.lastcall.path "root" .) }}
{{- end }}
{{- end }}

{{- define "lastcall.entrypoint.env" -}}
{{- if not .Values.command -}}
- name: LASTCALL_CONFIG
  value: {{ include "lastcall.configFile" . }}
{{- end }}
{{- end }}

{{- define "lastcall.entrypoint.ports" -}}
{{- include "lastcall.port" . }}
{{- end }}

{{- define "lastcall.entrypoint.mounts" -}}
{{- include "lastcall.mounts" . }}
{{- end }}

{{- define "lastcall.entrypoint.probes" -}}
{{- include "lastcall.probes" . }}
{{- end }}

{{- define "lastcall.entrypoint.extraContainers" -}}
{{- include "lastcall.front.extraContainers" . }}
{{- end }}

{{- define "lastcall.entrypoint.preStop" }}{{ end }}
{{- define "lastcall.entrypoint.initContainers" }}{{ end }}
{{- define "lastcall.entrypoint.volumes" }}{{ end }}
