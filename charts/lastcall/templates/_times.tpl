{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/*
All arithmetic with times. Inside, milliseconds. What was set must fit into the grace period; what is
a default of lastcall's gives way: the same rules as in lib/config/times.c, and a test holds the two
against each other.
*/}}

{{- /* "500ms", "1.5s", "2m", "1h", 0 -> milliseconds */}}
{{- define "lastcall.msec" -}}
{{- $unit := dict "" 0 "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- $text := toString . -}}
{{- round (mulf (regexFind "^[0-9.]+" $text) (get $unit (regexFind "[a-z]*$" $text))) 0 | int64 }}
{{- end }}

{{- /* milliseconds -> "500ms", "1.5s", "40s" */}}
{{- define "lastcall.duration" -}}
{{- $msec := int64 . -}}
{{- if and $msec (lt $msec 1000) }}{{ $msec }}ms{{ else }}{{ divf $msec 1000 }}s{{ end }}
{{- end }}

{{- /* milliseconds -> whole seconds, rounded up: "16" */}}
{{- define "lastcall.seconds" -}}
{{- div (add (int64 .) 999) 1000 }}
{{- end }}

{{- /* The window: {min, quiet, max} and what of it is fixed, as it was set. */}}
{{- define "lastcall.window" -}}
{{- $presets := dict
      "cluster" (dict "min" 5000 "quiet" 1000 "max" 15000)
      "alb" (dict "min" 15000 "quiet" 2000 "max" 60000)
      "neg" (dict "min" 20000 "quiet" 2000 "max" 60000)
      "nlb" (dict "min" 120000 "quiet" 5000 "max" 180000) -}}
{{- $window := deepCopy $presets.cluster -}}
{{- $set := .Values.shutdown.propagation -}}
{{- if kindIs "string" $set -}}
  {{- $time := include "lastcall.msec" $set | int64 -}}
  {{- $window = hasKey $presets $set | ternary (get $presets $set) (dict "min" $time "quiet" 1000 "max" $time) -}}
  {{- $_ := set $window "fixed" $window.max -}}
{{- else -}}
  {{- range $key, $value := pick (default dict $set) "min" "quiet" "max" -}}
    {{- if not (kindIs "invalid" $value) }}{{ $_ := set $window $key (include "lastcall.msec" $value | int64) }}{{ end -}}
  {{- end -}}
  {{- /* Where one of the two was set, the other's default gives way. */ -}}
  {{- $min := get (default dict $set) "min" -}}
  {{- $max := get (default dict $set) "max" -}}
  {{- if and $max (not $min) }}{{ $_ := set $window "min" (min $window.min $window.max) }}{{ end -}}
  {{- if and $min (not $max) }}{{ $_ := set $window "max" (max $window.min $window.max) }}{{ end -}}
  {{- if $max }}{{ $_ := set $window "fixed" $window.max }}{{ else if $min }}{{ $_ := set $window "fixed" $window.min }}{{ end -}}
{{- end -}}
{{- $window | toJson }}
{{- end }}

{{- /* The parts of the longest way from T0 to the kubelet's SIGKILL, in their order, each {kind, name,
msec, fixed}; without `fixed` it is a default. */}}
{{- define "lastcall.parts" -}}
{{- $shutdown := .Values.shutdown -}}
{{- $drain := default dict .Values.drain -}}
{{- $serves := .Values.ports -}}
{{- $parts := list (include "lastcall.part" (list "margin" "margin" $shutdown.margin "1s") | fromJson) -}}
{{- if $serves -}}
  {{- $parts = append $parts (include "lastcall.windowPart" . | fromJson) -}}
{{- end -}}
{{- $parts = concat $parts (include "lastcall.hookParts" (list "preStop" $shutdown.preStop) | fromJsonArray) -}}
{{- if and $serves (ne (toString $drain.waitForIdle) "false") -}}
  {{- $parts = append $parts (include "lastcall.part" (list "drain" "drain" $drain.timeout "10s") | fromJson) -}}
{{- end -}}
{{- $stop := dict "kind" "stop" "name" "stop reserve" "msec" 500 "fixed" 500 -}}
{{- if not (kindIs "invalid" $shutdown.stopTimeout) -}}
  {{- $stop = include "lastcall.part" (list "stop" "stopTimeout" $shutdown.stopTimeout "") | fromJson -}}
{{- end -}}
{{- $parts = append $parts $stop -}}
{{- concat $parts (include "lastcall.hookParts" (list "postStop" $shutdown.postStop) | fromJsonArray) | toJson }}
{{- end }}

{{- /* A pod's hook sleeps for whole seconds. */}}
{{- define "lastcall.windowPart" -}}
{{- $window := include "lastcall.window" . | fromJson -}}
{{- $part := dict "kind" "window" "name" "window" "msec" $window.max -}}
{{- if hasKey $window "fixed" }}{{ $_ := set $part "fixed" $window.fixed }}{{ end -}}
{{- if include "lastcall.sleeps" . -}}
  {{- range $key, $msec := pick $part "msec" "fixed" -}}
    {{- $_ := set $part $key (include "lastcall.seconds" $msec | int64 | mul 1000) -}}
  {{- end -}}
{{- end -}}
{{- $part | toJson }}
{{- end }}

{{- /* (list KIND NAME SET DEFAULT) */}}
{{- define "lastcall.part" -}}
{{- $set := index . 2 -}}
{{- $msec := include "lastcall.msec" (kindIs "invalid" $set | ternary (index . 3) $set) | int64 -}}
{{- $part := dict "kind" (index . 0) "name" (index . 1) "msec" $msec -}}
{{- if not (kindIs "invalid" $set) }}{{ $_ := set $part "fixed" $part.msec }}{{ end -}}
{{- $part | toJson }}
{{- end }}

{{- /* (list NAME HOOKS): a hook takes 5 s at the most where it says nothing, and a sleep its own time,
which is then its `least`, too; a signal takes none. */}}
{{- define "lastcall.hookParts" -}}
{{- $name := index . 0 -}}
{{- $parts := list -}}
{{- range $i, $hook := index . 1 -}}
  {{- $sleep := $hook.sleep -}}
  {{- if kindIs "map" $sleep }}{{ $sleep = printf "%ds" (int64 $sleep.seconds) }}{{ end -}}
  {{- if or (hasKey $hook "timeout") (not (hasKey $hook "signal")) -}}
    {{- $part := include "lastcall.part" (list "hook" (printf "%s[%d]" $name $i) (default $sleep $hook.timeout) "5s") | fromJson -}}
    {{- if $sleep }}{{ $_ := set $part "least" (min (include "lastcall.msec" $sleep) $part.msec) }}{{ end -}}
    {{- $parts = append $parts $part -}}
  {{- end -}}
{{- end -}}
{{- $parts | toJson }}
{{- end }}

{{- /* lastcall takes a week at the most. */}}
{{- define "lastcall.checkWeek" -}}
{{- $times := dict "shutdown.propagation" .Values.shutdown.propagation -}}
{{- $settings := dict "shutdown" .Values.shutdown "shutdown.propagation" .Values.shutdown.propagation "drain" .Values.drain
                      "lastcall.config.shutdown" (default dict .Values.lastcall.config).shutdown -}}
{{- range $name, $hooks := pick .Values.shutdown "preStop" "postStop" -}}
  {{- range $i, $hook := $hooks }}{{ $_ := set $settings (printf "shutdown.%s[%d]" $name $i) $hook }}{{ end -}}
{{- end -}}
{{- range $path, $group := $settings -}}
  {{- if kindIs "map" $group -}}
    {{- range $key, $value := $group }}{{ $_ := set $times (printf "%s.%s" $path $key) $value }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- range $path, $time := $times -}}
  {{- if and (kindIs "string" $time) (regexMatch "^[0-9.]+(ms|s|m|h)$" $time) -}}
    {{- if gt (include "lastcall.msec" $time | int64) 604800000 -}}
      {{- printf "%s: found %s; accepted: at most 168h" $path $time | fail -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* Refuses times that were set and do not fit, with the sum. */}}
{{- define "lastcall.checkTimes" -}}
{{- include "lastcall.checkWeek" . -}}
{{- $grace := include "lastcall.msec" .Values.shutdown.gracePeriod | int64 -}}
{{- if mod $grace 1000 -}}
  {{- printf "shutdown.gracePeriod: found %s; accepted: whole seconds, since a pod's terminationGracePeriodSeconds has no others" .Values.shutdown.gracePeriod | fail -}}
{{- end -}}
{{- $total := 0 -}}
{{- $texts := list -}}
{{- range include "lastcall.parts" . | fromJsonArray -}}
  {{- $total = add $total (default 0 .fixed | int64) -}}
  {{- $texts = append $texts (printf "%s %s%s" .name (include "lastcall.duration" (default 0 .fixed)) (hasKey . "fixed" | ternary "" " (default, cut)")) -}}
{{- end -}}
{{- if gt $total $grace -}}
  {{- printf "shutdown: found times that do not fit in the grace period: %s = %s; accepted: at most %s, which is shutdown.gracePeriod" (join " + " $texts) (include "lastcall.duration" $total) (include "lastcall.duration" $grace) | fail -}}
{{- end -}}
{{- $window := include "lastcall.window" . | fromJson -}}
{{- if gt $window.min $window.max -}}
  {{- printf "shutdown.propagation.max: found %s; accepted: at least shutdown.propagation.min (%s)" (include "lastcall.duration" $window.max) (include "lastcall.duration" $window.min) | fail -}}
{{- end -}}
{{- end }}

{{- /* What the times come to once the defaults are cut to fit, as lastcall cuts them: {grace, margin, min,
quiet, window, drain, ...} by the parts' names, and of all preStop hooks together `hooks` and
`hooksLeast`. */}}
{{- define "lastcall.times" -}}
{{- $times := include "lastcall.window" . | fromJson -}}
{{- $grace := include "lastcall.msec" .Values.shutdown.gracePeriod | int64 -}}
{{- $parts := include "lastcall.parts" . | fromJsonArray -}}
{{- $over := mul -1 $grace -}}
{{- $anySet := false -}}
{{- range $parts -}}
  {{- $over = add $over (int64 .msec) -}}
  {{- $anySet = or $anySet (and (hasKey . "fixed") (ne .name "stop reserve")) -}}
{{- end -}}
{{- $floors := list (list "window" $times.min) (list "drain" 0) (list "hook" 500) (list "window" 0) (list "hook" 0)
                    (list "margin" ($anySet | ternary 0 (div $grace 4))) -}}
{{- range $floor := $floors -}}
  {{- $cut := list -}}
  {{- range $parts -}}
    {{- if and (eq .kind (index $floor 0)) (lt (default 0 .fixed | int64) (int64 .msec)) }}{{ $cut = append $cut . }}{{ end -}}
  {{- end -}}
  {{- /* In equal shares; whoever has less to give leaves the rest to those after it. */ -}}
  {{- $left := len $cut -}}
  {{- range $cut -}}
    {{- $spare := max 0 (sub (int64 .msec) (max (default 0 .fixed | int64) (int64 (index $floor 1)))) -}}
    {{- $share := min $spare (div (add (max 0 $over) $left -1) $left) -}}
    {{- $_ := set . "msec" (sub (int64 .msec) $share) -}}
    {{- $over = sub $over $share -}}
    {{- $left = sub $left 1 -}}
  {{- end -}}
{{- end -}}
{{- $hooks := 0 -}}
{{- $hooksLeast := 0 -}}
{{- range $parts -}}
  {{- $_ := set $times .name (int64 .msec) -}}
  {{- if hasPrefix "preStop" .name -}}
    {{- $hooks = add $hooks (int64 .msec) -}}
    {{- $hooksLeast = add $hooksLeast (min (default 0 .least | int64) (int64 .msec)) -}}
  {{- end -}}
{{- end -}}
{{- if include "lastcall.sleeps" . }}{{ $_ := set $times "window" (div $times.window 1000 | mul 1000) }}{{ end -}}
{{- $_ := set $times "min" (min (int64 $times.min) (default 0 $times.window | int64)) -}}
{{- merge (dict "grace" $grace "hooks" $hooks "hooksLeast" $hooksLeast) $times | toJson }}
{{- end }}
