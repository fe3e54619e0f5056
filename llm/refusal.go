package llm

import "regexp"

// refusal is how those begin that the providers do not mark.
var refusal = regexp.MustCompile(`(?i)^\W*(i['’]?m (very )?sorry|i am (very )?sorry|sorry\b|i apologi[sz]e|i can(not|['’]?t| not)\b|i['’]?m (unable|not able)|i am (unable|not able)|i won['’]?t|as an ai\b)`)

// Refuses says whether a text begins as refusals do. A text that says something else may begin so too: it is for answers that
// are not what was asked for.
func Refuses(text string) bool { return refusal.MatchString(text) }
