{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Names, labels, images. */}}

{{- define "lastcall.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "lastcall.serviceAccountName" -}}
{{- $own := .Values.serviceAccount.create | ternary (include "lastcall.name" .) "default" -}}
{{- default $own .Values.serviceAccount.name }}
{{- end }}

{{- /* The same in every mode: a Deployment's selector can never change, so an upgrade from one mode to
another would be refused. */}}
{{- define "lastcall.selectorLabels" -}}
app.kubernetes.io/name: {{ include "lastcall.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "lastcall.labels" -}}
{{ include "lastcall.labelsWith" (list "lastcall.ownLabels" dict .) }}
{{- end }}

{{- /* (list TEMPLATE LABELS .): the chart's, which TEMPLATE has, and the user's: an object's before the
common ones. */}}
{{- define "lastcall.labelsWith" -}}
{{- $root := index . 2 -}}
{{ include (index . 0) $root }}
{{- with merge dict (default dict (index . 1)) (default dict $root.Values.commonLabels) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "lastcall.ownLabels" -}}
{{ include "lastcall.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- /* A tag is longer than a label can be, and may end otherwise. */ -}}
{{- with default "" .Values.image.tag | trunc 63 | trimAll "-_." }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- end }}

{{- /* Of the pod that `helm test` starts, which is none of the application's. */}}
{{- define "lastcall.testName" -}}
{{- include "lastcall.name" . | trunc 58 | trimSuffix "-" }}-test
{{- end }}

{{- define "lastcall.testLabels" -}}
app.kubernetes.io/name: {{ include "lastcall.testName" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- /* What an object is called and labelled. */}}
{{- define "lastcall.metadata" -}}
{{ include "lastcall.metadataWith" (list dict .) }}
{{- end }}

{{- /* (list LABELS .): the same with labels of its own. */}}
{{- define "lastcall.metadataWith" -}}
{{- $root := index . 1 -}}
name: {{ include "lastcall.name" $root | quote }}
namespace: {{ $root.Release.Namespace | quote }}
labels:
  {{- include "lastcall.labelsWith" (list "lastcall.ownLabels" (index . 0) $root) | nindent 2 }}
{{- end }}

{{- /* (list KEYS .): those of these values that are set, as they are. */}}
{{- define "lastcall.asSet" -}}
{{- $root := index . 1 -}}
{{- range $key := index . 0 }}
{{- with get $root.Values $key }}
{{ dict $key . | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{- /* {repository, tag, digest} as one word. */}}
{{- define "lastcall.reference" -}}
{{- .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "lastcall.image" -}}
{{- $image := pick .Values.lastcall.image "repository" "tag" "digest" -}}
{{- if not (or $image.tag $image.digest) }}{{ $_ := set $image "tag" .Chart.AppVersion }}{{ end -}}
{{- include "lastcall.reference" $image }}
{{- end }}

{{- /* The TCP ports of the application, numbers, as a list. */}}
{{- define "lastcall.tcpPorts" -}}
{{- $numbers := list }}
{{- range .Values.ports }}
{{- if eq (default "TCP" .protocol) "TCP" }}{{ $numbers = append $numbers (int .containerPort) }}{{ end }}
{{- end }}
{{- $numbers | toJson }}
{{- end }}

{{- /* With an autoscaler as many as there are: without a number in it the API server would put the
Deployment down to one pod when the autoscaler is turned on. */}}
{{- define "lastcall.replicas" -}}
{{- if .Values.autoscaling.enabled -}}
  {{- dig "spec" "replicas" "" (lookup "apps/v1" "Deployment" .Release.Namespace (include "lastcall.name" .) | default dict) }}
{{- else -}}
  {{- int64 .Values.replicas }}
{{- end -}}
{{- end }}

{{- /* "true" where the release has a Service. */}}
{{- define "lastcall.hasService" -}}
{{- if and .Values.service.enabled .Values.ports }}true{{ end }}
{{- end }}

{{- /* The ports that clients reach: the application's, and what else the Service leads to, by number or
name. */}}
{{- define "lastcall.policyPorts" -}}
{{- $ports := list -}}
{{- $known := list -}}
{{- range .Values.ports -}}
  {{- $ports = append $ports (dict "port" (int .containerPort) "protocol" (default "TCP" .protocol)) -}}
  {{- $known = append $known .name -}}
{{- end -}}
{{- range .Values.service.enabled | ternary (default list .Values.service.ports) list -}}
  {{- $target := default .port .targetPort -}}
  {{- if not (kindIs "string" $target) }}{{ $target = int $target }}{{ end -}}
  {{- if not (has $target $known) -}}
    {{- $ports = append $ports (dict "port" $target "protocol" (default "TCP" .protocol)) -}}
  {{- end -}}
{{- end -}}
{{- if $ports }}{{ uniq $ports | toYaml }}{{ end }}
{{- end }}
