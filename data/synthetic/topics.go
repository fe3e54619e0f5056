package synthetic

// topic is a genre with the words that titles of that genre use. Topics share no word.
type topic struct {
	name  string
	words []string
}

// topics are listed with the most common first.
func topics() []topic {
	return []topic{
		{"Drama", []string{"Promise", "Silence", "Brother", "Daughter", "Letter", "Harvest", "Winter", "Debt", "Mercy", "Farewell", "Orchard", "Widow"}},
		{"Comedy", []string{"Neighbor", "Holiday", "Trouble", "Uncle", "Goofball", "Prank", "Diner", "Landlord", "Reunion", "Mishap", "Pajamas", "Nonsense"}},
		{"Action", []string{"Strike", "Bullet", "Fury", "Vengeance", "Impact", "Hunter", "Blast", "Overdrive", "Ambush", "Showdown", "Inferno", "Target"}},
		{"Thriller", []string{"Suspect", "Witness", "Pursuit", "Deadline", "Conspiracy", "Hostage", "Alibi", "Threat", "Stranger", "Motive", "Deception", "Stakeout"}},
		{"Romance", []string{"Kiss", "Wedding", "Sweetheart", "Valentine", "Bride", "Lover", "Moonlight", "Embrace", "Courtship", "Rendezvous", "Heart", "Proposal"}},
		{"Adventure", []string{"Voyage", "Expedition", "Treasure", "Island", "Summit", "Jungle", "Compass", "Quest", "Canyon", "Explorer", "Caravan", "Raft"}},
		{"Crime", []string{"Heist", "Mobster", "Smuggler", "Racket", "Counterfeit", "Syndicate", "Burglar", "Informer", "Ransom", "Parole", "Kingpin", "Loot"}},
		{"Sci-Fi", []string{"Galaxy", "Android", "Starship", "Quantum", "Orbit", "Clone", "Asteroid", "Replica", "Nebula", "Cyborg", "Colony", "Wormhole"}},
		{"Horror", []string{"Curse", "Crypt", "Haunting", "Ghoul", "Cellar", "Scream", "Coven", "Fang", "Grave", "Possession", "Scarecrow", "Nightmare"}},
		{"Children's", []string{"Puppy", "Tadpole", "Playground", "Kitten", "Lemonade", "Treehouse", "Pony", "Balloon", "Bedtime", "Goldfish", "Snowman", "Tricycle"}},
		{"Mystery", []string{"Riddle", "Cipher", "Manor", "Detective", "Vanishing", "Keyhole", "Enigma", "Clue", "Diary", "Locket", "Attic", "Secret"}},
		{"War", []string{"Battalion", "Trench", "Siege", "Convoy", "Regiment", "Bunker", "Armistice", "Sniper", "Frontline", "Commando", "Squadron", "Barracks"}},
		{"Musical", []string{"Serenade", "Chorus", "Ballad", "Melody", "Cabaret", "Tango", "Encore", "Overture", "Songbird", "Waltz", "Trumpet", "Rhapsody"}},
		{"Animation", []string{"Gnome", "Sprite", "Pixel", "Dragonfly", "Teapot", "Unicorn", "Gadget", "Mouse", "Robotik", "Wizardling", "Doodle", "Inkwell"}},
		{"Western", []string{"Saloon", "Sheriff", "Outlaw", "Stagecoach", "Prairie", "Rustler", "Gunslinger", "Ranch", "Cattle", "Lasso", "Homestead", "Mustang"}},
		{"Fantasy", []string{"Sorcerer", "Dragon", "Enchantment", "Goblin", "Talisman", "Griffin", "Prophecy", "Castle", "Elf", "Rune", "Cauldron", "Oracle"}},
	}
}
