"""
Characters of names that are written, or sound, alike: traditional and simplified, and homophones.

Two small tables of the characters that names are made of, not a dictionary: a character that is
not here stays as it is. Which of two riders is meant is never decided by them alone.
"""

from typing import Final

# Traditional or old form, then the simplified one. Family names first, then given names.
_PAIRS: Final = (
    "張张陳陈劉刘楊杨趙赵黃黄吳吴孫孙馬马羅罗鄭郑謝谢韓韩馮冯蕭萧鄧邓許许傅傅蔣蒋呂吕蘇苏盧卢葉叶閻阎餘余鐘钟鍾钟"
    "廖廖鄒邹陸陆顧顾龍龙賀贺錢钱湯汤賴赖樊樊歐欧嚴严萬万車车韋韦聶聂喬乔齊齐龔龚竇窦賈贾畢毕單单關关華华"
    "紀纪魯鲁費费鮑鲍閔闵詹詹蘭兰褚褚龐庞駱骆談谈貝贝倪倪狄狄滿满葛葛熊熊薩萨閆闫塗涂項项閻阎譚谭範范衛卫衞卫"
    "鄔邬郟郏鄺邝欒栾顏颜諸诸應应詹詹鳳凤寧宁竇窦麥麦黨党郵邮儲储濮濮厲厉陰阴勞劳樂乐璩璩鞏巩闞阚蔔卜"
    "偉伟強强彊强軍军麗丽靜静紅红國国榮荣豔艳艷艳飛飞曉晓東东萍萍潔洁鵬鹏輝辉傑杰雲云慶庆陽阳瑩莹鑫鑫鋒锋濤涛"
    "學学詩诗語语夢梦嘉嘉軒轩澤泽銘铭寶宝會会劍剑詠咏聰聪穎颖亞亚倫伦遠远運运達达進进邁迈遙遥連连選选適适"
    "愛爱憶忆懷怀慧慧憲宪戀恋戰战擇择揚扬換换據据擁拥攝摄數数斷断時时曄晔曇昙暉晖曆历書书"
    "棟栋楨桢樺桦橋桥橫横機机檳槟權权歡欢歲岁殘残氣气漢汉潔洁潤润澗涧濱滨瀟潇瀅滢瀾澜灃沣灣湾"
    "煒炜煥焕燁烨燦灿爍烁爾尔瑋玮瑤瑶璣玑瓊琼環环畫画異异碩硕禎祯禮礼穆穆穩稳競竞筆笔節节簡简籃篮"
    "紹绍終终組组絢绚統统絲丝經经綠绿維维綺绮綾绫緒绪緣缘練练縈萦績绩繡绣繪绘繼继續续纓缨"
    "羨羡習习聖圣聞闻聯联職职肅肃脈脉臨临興兴舉举莊庄莖茎萊莱葦苇蓮莲蔚蔚蕓芸薈荟薔蔷薇薇藝艺藍蓝蘊蕴"
    "虹虹虛虚螢萤術术裕裕補补親亲覺觉觀观訊讯記记訓训訪访評评誌志認认誠诚誼谊諾诺諭谕謙谦講讲識识證证譽誉讓让"
    "貞贞負负財财貴贵資资賢贤賓宾賜赐質质贊赞輪轮載载輕轻辰辰農农邊边鄉乡釗钊鈞钧鈴铃鉅钜鉑铂銀银銳锐鋼钢錦锦"
    "錚铮鎮镇鎧铠鏡镜鐵铁鑒鉴鑑鉴長长門门開开閃闪閏闰閑闲闊阔陣阵際际隨随雙双霖霖靈灵霧雾韜韬韻韵響响頁页順顺"
    "頌颂預预領领頤颐題题願愿類类風风馨馨馳驰駿骏騰腾驍骁驕骄驚惊驛驿驥骥鮮鲜鳥鸟鳴鸣鴻鸿鵑鹃鶴鹤鷹鹰"
    "麟麟黎黎點点齡龄齊齐穀谷處处勝胜勛勋勳勋勵励動动務务區区協协單单參参吉吉呂吕員员問问啟启啓启喚唤喬乔嗚呜"
    "園园圓圆圖图團团堅坚報报場场塵尘壯壮壽寿夏夏夾夹奮奋婭娅婦妇媽妈嫻娴嬌娇嬋婵嬡嫒嬪嫔孿孪實实寬宽審审導导對对"
    "層层屬属嶺岭嶽岳嵐岚嶸嵘幣币師师帶带幫帮幹干幾几廣广庫库廳厅張张彌弥彥彦徑径從从復复徵征德德愷恺慮虑慎慎"
    "靑青淸清溫温峯峰眞真穗穗囍喜昇升妍妍姸妍晉晋皓皓皞皞淨净涼凉淵渊湧涌溝沟滄沧潛潜濟济灝灏煙烟燈灯爭争爺爷"
    "狀状獅狮獎奖獨独獻献瑞瑞璽玺産产畢毕發发盛盛盡尽監监盤盘眾众睿睿礎础祿禄禪禅種种積积穌稣窮穷窩窝筍笋範范"
)
_SOUNDS: Final = (
    "晓小筱肖 伟玮炜纬苇伪 婷亭停庭廷 欣鑫昕新馨心芯歆 宇雨羽语禹玉钰育煜昱裕郁毓 佳嘉家加 子梓紫姿 "
    "涵寒晗含韩函 轩萱宣璇旋 怡宜仪一依伊艺奕亦逸毅义益 雅亚 静婧靖敬净 杰洁捷婕 芳方坊 丽莉力立俐利 "
    "建健剑 军君俊钧骏 明铭鸣茗 峰锋枫丰 文雯闻纹 涛滔陶 浩皓昊灏 慧惠会卉 琴勤芹秦 玲灵铃凌岭 志智致之芷 "
    "辉晖徽 思斯诗丝 梦孟 瑞睿锐蕊 宁柠凝 晨辰宸臣 彤桐童同 悦越月岳玥 琪奇淇祺齐其棋 媛圆源园元原远 "
    "豪昊浩好 国果 平萍苹 强蔷 艳燕雁妍研言彦 霞夏 红虹宏洪鸿 华花桦 敏民闽 娜那纳 龙隆 飞菲霏妃 海 "
    "超朝潮 刚钢 勇永咏泳 波博柏 鹏朋 旭绪许 阳扬杨洋 坤昆 亮良 林琳霖麟临 雪学 梅玫媚 兰岚蓝澜 "
    "英颖莹盈迎瑛樱 倩茜芊千 璐露路鹭 丹 珊姗杉 瑶遥姚 蓉荣容融 云芸筠 星兴 可珂柯科 帆凡 东冬栋 航行 "
    "锦金津瑾 泽则 熙希曦西夕溪兮 妙淼苗 恩 乐 承成诚程呈 泓弘 沐牧木慕 景璟 若 恒衡珩 嫣烟 芯心 "
    "李里理 王汪 章张 刘柳 程陈成 徐许 余于俞 江姜蒋 付傅 邱丘 阎严颜 何贺 肖萧 黄皇"
)

SIMPLER: Final = str.maketrans(dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)))
_GROUPS: Final[dict[str, frozenset[int]]] = {
    character: frozenset(at for at, group in enumerate(_SOUNDS.split()) if character in group)
    for character in _SOUNDS
    if not character.isspace()
}


def sound_alike(one: str, other: str) -> bool:
    """Whether two simplified characters are the same or often typed for each other; unknown ones are not."""
    return one == other or bool(_GROUPS.get(one, frozenset()) & _GROUPS.get(other, frozenset()))
