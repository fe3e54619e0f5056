package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"

	"llm4rec/results"
	"llm4rec/results/table"
)

// derived makes the files that follow from others.
func (c *content) derived() (map[string][]byte, error) {
	experiments, err := table.Load(c.dir)
	if err != nil {
		return nil, err
	}
	var asJSON, asMarkdown bytes.Buffer
	if err := table.Write(&asJSON, table.JSON, experiments, table.Options{}); err != nil {
		return nil, err
	}
	if err := table.Write(&asMarkdown, table.Markdown, experiments, table.Options{}); err != nil {
		return nil, err
	}
	systems, err := indented(results.Systems(c.records))
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", SystemName, err)
	}
	return map[string][]byte{
		SpecName: []byte(c.manifest.Spec), SystemName: systems, TableJSON: asJSON.Bytes(), TableName: asMarkdown.Bytes(),
	}, nil
}

func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}
