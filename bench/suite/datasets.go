package suite

import (
	"io/fs"

	"llm4rec/data"
	"llm4rec/data/atomic"
	"llm4rec/data/fetch"
	"llm4rec/data/llmrank"
	"llm4rec/data/movielens"
	"llm4rec/data/sequence"
	"llm4rec/data/synthetic"
)

const (
	grouplens = "https://files.grouplens.org/datasets/movielens/"

	movielensLicence  = "GroupLens: research use, acknowledgement required, no redistribution or commercial use without permission"
	movielensCitation = "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. ACM TiiS 5, 4, Article 19. doi:10.1145/2827872"
	llmrankCitation   = "Yupeng Hou, Junjie Zhang, Zihan Lin, Hongyu Lu, Ruobing Xie, Julian McAuley, Wayne Xin Zhao. 2024. Large Language Models are Zero-Shot Rankers for Recommender Systems. ECIR 2024. doi:10.1007/978-3-031-56060-6_24"
	amazonLicence     = "no licence stated: derived from the Amazon review data, for research use"
	beautyCitation    = "Julian McAuley, Christopher Targett, Qinfeng Shi, Anton van den Hengel. 2015. Image-Based Recommendations on Styles and Substitutes. SIGIR 2015. doi:10.1145/2766462.2767755"
)

// Sources is the registry of data sets: one entry each.
func Sources() []Source {
	return []Source{
		{
			Name: "ml-100k", Title: "MovieLens 100K (1998)",
			Address: grouplens + "ml-100k.zip", ArchiveSum: "md5:0e33842e24a9c977be4e0107933c0723", Size: 4924029,
			Licence: movielensLicence, Citation: movielensCitation,
			Interactions: 100000,
			Files: []File{
				{"u.data", "md5:6e47046882bad158b0efbb84cd5cb987", 1979173},
				{"u.item", "md5:c9e7f390115d79079537301d5204f3f7", 236344},
				{"u.genre", "md5:a7578bdb37758741ae9429d2c736af18", 202},
				{"u.user", "md5:1b53539edc13caad0282c8500608a319", 22628},
			},
			Dirs: []string{"ml-100k"},
			Load: movielens.Load100K,
		},
		{
			Name: "ml-1m", Title: "MovieLens 1M (2003)",
			Address: grouplens + "ml-1m.zip", ArchiveSum: "md5:c4d9eecfca2ab87c1945afe126590906", Size: 5917549,
			Licence: movielensLicence, Citation: movielensCitation,
			Interactions: 1000209,
			Files: []File{
				{Path: "ratings.dat"},
				{"movies.dat", "md5:ef9fd9ff8d1b33faf73e2122c371e910", 171308},
				{"users.dat", "md5:681c0711d0d4548cd3d4718a49c2dcd8", 134368},
			},
			Dirs: []string{"ml-1m"},
			Load: movielens.Load1M,
		},
		{
			Name: "ml-10m", Title: "MovieLens 10M (2009)",
			Address: grouplens + "ml-10m.zip", ArchiveSum: "md5:ce571fd55effeba0271552578f2648bd", Size: 65566137,
			Licence: movielensLicence, Citation: movielensCitation,
			Interactions: 10000054,
			Files:        []File{{Path: "ratings.dat"}, {Path: "movies.dat"}},
			Dirs:         []string{"ml-10m", "ml-10M100K"},
			Load:         movielens.Load1M,
		},
		csvSource("ml-20m", "MovieLens 20M (2015)", "md5:cd245b17a1ae2cc31bb14903e1204af3", 198702078, 20000263),
		csvSource("ml-25m", "MovieLens 25M (2019)", "md5:6b51fb2759a8657d3bfcbfc42b592ada", 261978986, 25000095),
		csvSource("ml-32m", "MovieLens 32M (2024)", "", 0, 32000204),
		csvSource("ml-latest-small", "MovieLens, latest, small (changes in place)", "", 0, 0),
		{
			Name: "ml-100k-recbole", Title: "MovieLens 100K as RecBole's atomic files (local only)",
			Licence: movielensLicence, Citation: movielensCitation,
			Interactions: 100000,
			Files: []File{
				{"ml-100k.inter", "md5:a8a8c3f165aedc53f63b5dc0a0463b14", 1979230},
				{"ml-100k.item", "md5:fb748e97e64d9a35421d06d7083d0959", 66632},
				{"ml-100k.user", "md5:ac50ecbab626dbefa83288a3593f92ab", 22697},
			},
			Dirs: []string{"ml-100k-recbole", "recbole/ml-100k"},
			Load: atomic.Load,
		},
		sequenceSource("ml-1m-sasrec", "MovieLens 1M as preprocessed for SASRec: no ratings, order only",
			"https://raw.githubusercontent.com/kang205/SASRec/e3738967fddab206d6eeb4fda433e7a7034dd8b1/data/ml-1m.txt",
			File{"ml-1m.txt", "sha256:b725f3acb3986fe3130bffd1e77a74d182a1f51799567a236dbd60270f95b0a2", 9053831},
			movielensLicence, movielensCitation, 999611),
		{
			Name: "ml-1m-llmrank", Title: "MovieLens 1M for LLMRank's candidates: SASRec's sequences, MovieLens's ids, titles and genres (local only)",
			Licence: movielensLicence, Citation: movielensCitation + "; " + llmrankCitation,
			Interactions: 999611,
			Files: []File{
				{llmrank.Sequences, "sha256:b725f3acb3986fe3130bffd1e77a74d182a1f51799567a236dbd60270f95b0a2", 9053831},
				{llmrank.UserMap, "sha256:8148d4c07e10e086bb342e412cf6dc838ac08c56143b1b7b3b0a5666b92cf87a", 58213},
				{llmrank.ItemMap, "sha256:6efd7a3c2610ed900f7ba7643e998e804dc6c5d428c5fa95252d7ee51042e69f", 32137},
				{llmrank.Items, "sha256:6eff097333db47adf003039eb90cb6ab13978fa9577d915d2366e4d073844dc3", 155909},
			},
			Dirs: []string{"."}, // its files lie in two folders of the data folder
			Load: llmrank.Load,
		},
		sequenceSource("beauty-bert4rec", "Amazon Beauty as preprocessed for BERT4Rec: no ratings, order only",
			"https://raw.githubusercontent.com/FeiSun/BERT4Rec/615eaf2004abecda487a38d5b0c72f3dcfcae5b3/data/beauty.txt",
			File{"beauty.txt", "sha256:f480b7a7403852342ffd8f9809bb30697dd669be31813d0e204b698fec86ef49", 3912093},
			amazonLicence, beautyCitation, 353962),
		sequenceSource("beauty-s3rec", "Amazon Beauty 5-core as preprocessed for S3-Rec: no ratings, order only",
			"https://raw.githubusercontent.com/aHuiWang/CIKM2020-S3Rec/49a890dcb516c9ed3126564495234ea74d5cd566/data/Beauty.txt",
			File{"beauty-s3rec.txt", "sha256:226cce9c3105299ca0db9615d7d3fb32b3175e90da43100ae352599f0f0107b8", 1090094},
			amazonLicence, beautyCitation, 198502),
		{
			Name: "amazon18-scientific", Title: "Amazon 2018 Industrial and Scientific, with item text and a split of its own (local only)",
			Licence:  amazonLicence,
			Citation: "Jianmo Ni, Jiacheng Li, Julian McAuley. 2019. Justifying Recommendations using Distantly-Labeled Reviews and Fine-Grained Aspects. EMNLP 2019. doi:10.18653/v1/D19-1018",
			Files: []File{
				{"Scientific.train.inter", "md5:2ee2c54fc4d68b8dc5589cb6800704d8", 929295},
				{"Scientific.valid.inter", "md5:c24e8406e74ef5e213d086bf850e7e85", 271473},
				{"Scientific.test.inter", "md5:9c9624c6737855f40d90f2fb21f17f3a", 309842},
				{"Scientific.text", "md5:f2c265ddea0baad6d44e218aa72cfd94", 859222},
				{"Scientific.item2index", "md5:d286a1a7855f4e148809a6d3f7ab9fc4", 69050},
			},
			Dirs: []string{"amazon18-scientific"},
			Load: atomic.Load,
		},
		{
			Name: "synthetic", Title: "synthetic: generated from a seed, of the size of ml-100k",
			Licence:  "none needed: generated by this program",
			Generate: func() *data.Dataset { return synthetic.Generate(synthetic.Default()) },
		},
		{
			Name: "synthetic-20m", Title: "synthetic: generated from a seed, of the size and inequality of ml-20m",
			Licence:  "none needed: generated by this program",
			Generate: func() *data.Dataset { return synthetic.Generate(synthetic.ML20M()) },
		},
	}
}

// csvSource is one of the later MovieLens sets. GroupLens keeps the checksum beside every archive.
func csvSource(name, title, sum string, size int64, interactions int) Source {
	s := Source{
		Name: name, Title: title,
		Address: grouplens + name + ".zip", ArchiveSum: fetch.Sum(sum), Size: size,
		Licence: movielensLicence, Citation: movielensCitation,
		Interactions: interactions,
		Files:        []File{{Path: "ratings.csv"}, {Path: "movies.csv"}},
		Dirs:         []string{name},
		Load:         movielens.LoadCSV,
	}
	if sum == "" {
		s.SumAddress = s.Address + ".md5"
	}
	return s
}

func sequenceSource(name, title, address string, f File, licence, citation string, interactions int) Source {
	return Source{
		Name: name, Title: title,
		Address: address, ArchiveSum: f.Sum, Size: f.Size,
		Licence: licence, Citation: citation,
		Interactions: interactions,
		Files:        []File{f},
		Dirs:         []string{name, "sequences"},
		Load:         func(fsys fs.FS) (*data.Dataset, error) { return sequence.Load(fsys, f.Path) },
	}
}
