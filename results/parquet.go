package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/parquet-go/parquet-go"
)

// encode makes the Parquet file of rows. The writer's name is fixed because the library's default holds the version of
// the program: the same rows have the same bytes, whoever writes them.
func encode[T any](rows []T) ([]byte, error) {
	var b bytes.Buffer
	err := parquet.Write(&b, rows, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("llm4rec", "1", ""))
	return b.Bytes(), err
}

// decode reads a Parquet file after checking that it is the one with that checksum.
func decode[T any](path, sum string) ([]T, error) {
	content, err := verify(path, sum)
	if err != nil {
		return nil, err
	}
	rows, err := parquet.Read[T](bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, &Damaged{path, err.Error()}
	}
	return rows, nil
}

func verify(path, sum string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Damaged{path, "the file is missing"}
	}
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if got := checksum(content); got != sum {
		return nil, &Damaged{path, fmt.Sprintf("its checksum is %s, not %s (%d bytes)", short(got), short(sum), len(content))}
	}
	return content, nil
}
