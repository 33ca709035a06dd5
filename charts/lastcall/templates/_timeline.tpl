{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* What will happen at a stop, for NOTES.txt. */}}

{{- /* (list EARLIEST LATEST TEXT), in ms: "T+5s to T+15s   the window is over" */}}
{{- define "lastcall.moment" -}}
{{- $early := printf "T+%s" (index . 0 | include "lastcall.duration") -}}
{{- $late := printf "T+%s" (index . 1 | include "lastcall.duration") -}}
{{- $when := eq $early $late | ternary $early (printf "%s to %s" $early $late) -}}
{{- printf "  %-18s  %s" $when (index . 2) }}
{{- end }}

{{- define "lastcall.timeline" -}}
{{- $t := include "lastcall.times" . | fromJson -}}
{{- $sidecar := eq .Values.mode "sidecar" -}}
{{- $sleeps := include "lastcall.sleeps" . | eq "true" -}}
{{- $serves := and .Values.ports (or $t.window (not $sleeps)) -}}
{{- $readiness := include "lastcall.readiness" . -}}
{{- $early := 0 -}}
{{- $late := 0 -}}
{{- if $serves -}}
  {{- if $sleeps }}
{{ include "lastcall.moment" (list 0 0 "the pod's preStop hook sleeps; the application serves on") }}
  {{- else }}
{{ include "lastcall.moment" (list 0 0 (eq $readiness "flip" | ternary "readiness is off; the application serves on" "the application serves on, and is ready for those who have no other pod")) }}
  {{- end -}}
  {{- $early = $sleeps | ternary $t.window $t.min -}}
  {{- $late = $t.window -}}
  {{- $over := "the window is over" -}}
  {{- if $sleeps -}}
    {{- $over = "the sleep is over" -}}
  {{- else if lt $early $late -}}
    {{- $over = printf "nothing new has arrived for %s: the window is over" (include "lastcall.duration" $t.quiet) -}}
  {{- end }}
{{ include "lastcall.moment" (list $early $late (and (eq $readiness "after-window") (not $sleeps) | ternary (printf "%s, readiness is off" $over) $over)) }}
{{- end -}}
{{- if and $t.hooks (not $sleeps) -}}
  {{- $early = add $early $t.hooksLeast -}}
  {{- $late = add $late $t.hooks }}
{{ include "lastcall.moment" (list $early $late "lastcall's hooks have run") }}
{{- end -}}
{{- if and $serves $t.drain (not $sleeps) -}}
  {{- $late = add $late $t.drain }}
{{ include "lastcall.moment" (list $early $late "no connection is in flight any more") }}
{{- end -}}
{{- $signal := .Values.shutdown.stopSignal | default "SIGTERM (or the image's STOPSIGNAL)" | toString -}}
{{- if regexMatch "^[0-9]" $signal }}{{ $signal = printf "signal %s" $signal }}{{ end -}}
{{- $who := $sidecar | ternary "the kubelet sends" "lastcall sends" }}
{{ include "lastcall.moment" (list $early $late (printf "%s %s to the application" $who $signal)) }}
{{- if not $sidecar -}}
  {{- $deadline := sub $t.grace $t.margin -}}
  {{- $stop := kindIs "invalid" .Values.shutdown.stopTimeout | ternary $deadline $t.stopTimeout }}
{{ include "lastcall.moment" (list (min $deadline (add $early $stop)) (min $deadline (add $late $stop)) "lastcall sends SIGKILL to whatever is left") }}
{{- end }}
{{ include "lastcall.moment" (list $t.grace $t.grace "the kubelet's own SIGKILL") }}
{{- end }}
